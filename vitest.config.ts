import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources, so that a change is seen without a build.
    alias: [
      { find: /^@servable\/protos\/([\w-]+)$/, replacement: source('protos/src/$1.ts') },
      { find: /^@servable\/savedmodel\/([\w-]+)$/, replacement: source('savedmodel/src/$1/index.ts') },
      { find: /^@servable\/(tensor|savedmodel|runtime|core|client|server)$/, replacement: source('$1/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'zoo/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
