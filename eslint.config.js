import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/*
 * Type-aware linting. Host code is held to the strict sets; guest code, which is another language under the same
 * syntax, only to the rules that mean something there (prefer-const does not: addrOf lets others write a variable).
 */
export default tseslint.config(
  {
    ignores: [
      'dist',
      '.cache',
      'node_modules',
      'test/compiler/fixtures',
      'test/compiler/programs',
      'test/kernel/programs',
      'tools/bench/programs',
      '**/*.d.ts',
    ],
  },
  {
    files: ['tools/**/*.ts', 'emulator/**/*.ts', 'test/**/*.ts', 'vitest.config.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off', // indexing is checked; the exclamation mark states an invariant
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 550, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Trees are plain data there; their types are TypeScript's, whose trees have methods.
    files: ['tools/compiler/{syntax,frontend,incremental}/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^(getText|getStart|getEnd|getFullStart|getFullText|getChildren|getLineStarts|getLineAndCharacterOfPosition|forEachChild)$/], CallExpression[callee.property.name="getSourceFile"][arguments.length=0]',
          message: 'Take a function of syntax/ instead: nodes of our parser have no methods.',
        },
      ],
    },
  },
  {
    files: ['kernel/**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'no-unreachable': 'error',
      'max-lines': ['error', { max: 550, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_|^held' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    files: ['**/*.mjs', 'eslint.config.js'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
