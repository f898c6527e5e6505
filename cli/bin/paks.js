#!/usr/bin/env node
require("../dist/paks.js");
