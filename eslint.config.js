import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const typescript = ['{src,machines,actors,supervisors,config,test}/**/*.ts'];

const bareWildcard = {
  selector:
    "Property > Literal.key[value='*'], Property > TemplateLiteral.key[quasis.0.value.raw='*']",
  message: "A bare '*' also swallows the errors of children: name the events, or write 'device.*'.",
};
const focusedTest = {
  selector:
    'MemberExpression[object.name=/^(it|describe|context)$/][property.name=/^(only|skip)$/]',
  message: 'Every test runs, or is not there.',
};
const noClock = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
];

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/']),
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/cli/**/*.ts', 'src/main.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['{machines,actors,supervisors}/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', bareWildcard] },
  },
  {
    files: ['{machines,supervisors}/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...noClock.map((name) => ({
          name,
          message: 'Time comes from the injected clock: use `after`, or take it from the event.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes from an injected seed.' },
        ...['globalThis', 'global'].flatMap((object) =>
          noClock.map((property) => ({ object, property, message: 'Time is injected.' })),
        ),
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', focusedTest],
      // chai asserts by reading a property: expect(x).to.be.true
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
);
