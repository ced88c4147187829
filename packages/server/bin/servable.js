#!/usr/bin/env node
// A file of its own, beside the build: npm links only programs that exist when it installs, which in a checkout is
// before the first build.
import '../dist/cli.js';
