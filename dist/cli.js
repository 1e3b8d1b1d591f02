#!/usr/bin/env node
globalThis.korrigoShell = 'cli';
require('./index.js');
