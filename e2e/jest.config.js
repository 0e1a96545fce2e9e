// Behaviour on the real cluster; `npm run test:e2e` prepares it and passes the way to reach it.
export default {
  rootDir: '..',
  testEnvironment: '<rootDir>/e2e/harness/environment.cjs',
  setupFilesAfterEnv: ['<rootDir>/e2e/harness/before-each-file.ts'],
  roots: ['<rootDir>/e2e/cases'],
  testMatch: ['**/case.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, isModule: true },
    ],
  },
  // Each wait has its own, shorter limit and says what it waited for: this is for a test of several that are late.
  testTimeout: 1_800_000,
  // Two processors: while one case waits, another one works. What may not run beside others says so (CONTRIBUTING.md).
  maxWorkers: 3,
  runner: '<rootDir>/e2e/harness/runner.cjs',
  testSequencer: '<rootDir>/e2e/harness/sequencer.cjs',
  reporters: ['default', '<rootDir>/e2e/harness/longest-cases.cjs'],
};
