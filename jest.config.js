// Jest in ESM mode (the Kubernetes client is ESM only); swc strips the types.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/webhooks', '<rootDir>/scripts'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, isModule: true },
    ],
  },
  // A machine that is busy with other things must not decide a test.
  testTimeout: 600_000,
  setupFilesAfterEnv: ['<rootDir>/scripts/jest/no-stray-output.ts'],
};
