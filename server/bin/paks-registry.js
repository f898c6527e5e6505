#!/usr/bin/env node
import "../dist/paks-registry.js";
