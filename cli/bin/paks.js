#!/usr/bin/env node
import "../dist/paks.js";
