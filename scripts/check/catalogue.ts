import type { Step } from './steps.ts';

const node = process.execPath;

/** Everything that judges the text of the project. None of them writes, so they run side by side. */
export const staticSteps: readonly Step[] = [
  {
    name: 'generated files are current',
    command: node,
    args: ['scripts/generate/main.ts', '--check'],
    remedy: 'run `npm run generate` and commit what it wrote.',
    limitMinutes: 5,
  },
  {
    name: 'types',
    command: node,
    args: ['node_modules/typescript/bin/tsc', '--noEmit'],
    remedy: 'fix the types above.',
    limitMinutes: 5,
  },
  {
    name: 'lint',
    command: node,
    args: ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'],
    remedy: 'fix what is named above; `npm run format` does what can be done by itself.',
    limitMinutes: 10,
  },
  {
    name: 'format',
    command: node,
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    remedy: 'run `npm run format`.',
    limitMinutes: 5,
  },
  {
    name: 'no import circles',
    command: node,
    args: [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      'webhooks',
    ],
    remedy: 'break the circle above: move what both need to the lower layer.',
    limitMinutes: 5,
  },
  {
    name: 'nothing that nobody uses',
    command: node,
    args: ['node_modules/knip/bin/knip.js', '--no-progress'],
    remedy: 'delete what is named above, or do not export it; what is started by its path is an entry in knip.json.',
    limitMinutes: 5,
  },
  {
    name: 'the shim: go vet',
    command: 'go',
    args: ['vet', '-C', 'shim', './...'],
    remedy: 'mend what is named above; Go 1.24 or newer has to be on the PATH.',
    limitMinutes: 5,
  },
];

/** Unit tests, beside the sources. */
export const unitSteps: readonly Step[] = [
  {
    name: 'unit tests',
    command: node,
    args: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'],
    isJest: true,
    remedy: 'see the failing tests above; `npm run test:unit -- <word>` runs the matching ones.',
    limitMinutes: 40,
  },
  {
    name: 'the shim: tests',
    command: 'go',
    args: ['test', '-C', 'shim', './...'],
    remedy: 'see the failing tests above; `go test -C shim -run <word>` runs the matching ones.',
    limitMinutes: 10,
  },
];

/** What cases need that run alone, and would wait for: built beside those that run side by side. */
export const buildSteps: readonly Step[] = [
  {
    name: 'programs of other projects that cases need',
    command: node,
    args: ['scripts/e2e/build-programs.ts'],
    remedy: 'see what it says above; scripts/cluster/README.md says what is built of which module.',
    limitMinutes: 30,
  },
];

/** Behaviour on the real cluster: what runs side by side there, which is half of the cases and a quarter of the time. */
export const sideBySideSteps: readonly Step[] = [
  endToEnd('end-to-end tests on the local cluster, side by side', './e2e/harness/side-by-side.cjs'),
];

/** And what runs alone, which mostly waits. */
export const aloneSteps: readonly Step[] = [
  endToEnd('end-to-end tests on the local cluster, one after another', './e2e/harness/alone.cjs'),
];

/** What begins with an installation of its own mostly waits, too: on another cluster beside, which is gone afterwards. */
const another = { MCP_LIFECYCLE_CLUSTER: 'installations' };
export const installingSteps: readonly Step[] = [
  {
    ...endToEnd('end-to-end tests of installations, on a cluster of their own', './e2e/harness/installing.cjs'),
    environment: another,
  },
  {
    name: 'the cluster of installations is gone',
    command: node,
    args: ['scripts/cluster/main.ts', 'down'],
    environment: another,
    remedy: 'read what is said above.',
    limitMinutes: 5,
  },
];

/** The cases that `filter` leaves, a module for Jest. */
function endToEnd(name: string, filter: string): Step {
  return {
    name,
    command: node,
    args: ['scripts/e2e.ts', '--filter', filter],
    isJest: true,
    remedy:
      'see the failing cases above; `npm run test:e2e -- <word>` runs the matching ones on the cluster that is up.',
    limitMinutes: 60,
  };
}
