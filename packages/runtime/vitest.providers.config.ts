import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';

/** The tests that need a device. */
const config = mergeConfig(base, { root: fileURLToPath(new URL('../../', import.meta.url)) });
config.test = { ...config.test, include: ['packages/*/src/**/*.ep-test.ts'], testTimeout: 300_000 };
export default config;
