import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Who may import whom: the arrows of docs/architecture.md. */
const mayImport = {
  protos: [],
  batching: [],
  tensor: ['protos'],
  client: ['tensor', 'protos', 'batching'],
  core: ['tensor', 'protos', 'batching'],
  savedmodel: ['tensor', 'protos'],
  runtime: ['savedmodel', 'tensor', 'protos'],
  server: ['core', 'runtime', 'savedmodel', 'batching', 'tensor', 'protos'],
  testkit: ['core', 'client', 'tensor', 'protos'],
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/.venv/**',
      '**/node_modules/**',
      '.nx/**',
      '.cache/**',
      'packages/protos/src/gen/**',
      '**/*.cjs',
      '**/vitest.*.config.ts',
      '**/tsup.config.ts',
      'tsup.base.ts',
    ],
  },
  { files: ['**/*.ts'], extends: [...tseslint.configs.recommendedTypeChecked] },
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          // The zoo is no package: its reader of goldens serves the conformance run and the examples' tests too; nor is
          // what tests start programs with.
          allow: [
            '../../zoo/*',
            '../../../zoo/*',
            '../../../tools/build-program.js',
            '../../../../tools/build-program.js',
          ],
          enforceBuildableLibDependency: false,
          depConstraints: [
            ...Object.entries(mayImport).map(([name, targets]) => ({
              sourceTag: `package:${name}`,
              onlyDependOnLibsWithTags: [`package:${name}`, ...targets.map((target) => `package:${target}`)],
            })),
            ...['example', 'bench', 'conformance'].map((tag) => ({
              sourceTag: tag,
              onlyDependOnLibsWithTags: ['*'],
            })),
          ],
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.test.ts', 'bench/**', 'conformance/**', 'examples/**', 'tools/**', 'packages/server/src/cli/**'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  prettier,
);
