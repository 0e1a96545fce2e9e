import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom, lowest layer first (docs/architecture.md). `may` lists folders under webhooks/ that the layer
 * can import besides itself; everything else under webhooks/ is refused with `instead` as the advice.
 */
const layers = [
  {
    folder: 'core/mcpserver',
    may: [],
    instead:
      'core/mcpserver says what an MCPServer is and knows no layer above it: move the code up, or the fact down.',
  },
  {
    folder: 'core/defaults',
    may: ['core/mcpserver', 'core/testing'],
    instead: 'a default reads the MCPServer alone; share facts through core/mcpserver.',
  },
  {
    folder: 'core/engine',
    may: ['core/mcpserver', 'core/defaults'],
    instead: 'the engine knows rules only through the Rule interface: pass what it needs as a parameter.',
  },
  {
    folder: 'core/contract',
    may: ['core/mcpserver', 'core/engine'],
    instead: 'a tool contract is decided from what a server lists alone: read it elsewhere and pass it in.',
  },
  {
    folder: 'core/policy',
    may: ['core/mcpserver', 'core/engine', 'core/testing'],
    instead: 'a policy knows rules through the Rule interface: pass the list of rules as a parameter.',
  },
  {
    folder: 'core/resources',
    may: ['core/mcpserver', 'core/engine', 'core/testing'],
    instead: 'an expanded kind is built from the MCPServer alone; share facts through core/mcpserver/names.ts.',
  },
  {
    folder: 'core/rules',
    may: ['core/mcpserver', 'core/engine', 'core/defaults', 'core/resources', 'core/testing'],
    instead: 'a rule judges the MCPServer and the facts it is given; ask for a new fact in core/engine/facts.ts.',
  },
  {
    folder: 'core/plan',
    may: [
      'core/mcpserver',
      'core/engine',
      'core/contract',
      'core/defaults',
      'core/resources',
      'core/rules',
      'core/testing',
    ],
    instead: 'plan decides from what was gathered: gather it in the reconciler and pass it in.',
  },
  {
    folder: 'core/composites',
    may: [
      'core/mcpserver',
      'core/engine',
      'core/defaults',
      'core/resources',
      'core/rules',
      'core/plan',
      'core/testing',
    ],
    instead: 'a kind above MCPServer says what it becomes and what is told of it: gather the rest and pass it in.',
  },
  {
    folder: 'core/testing',
    may: ['core/mcpserver', 'core/engine'],
    instead: 'builders make inputs for tests; keep decisions in the layer under test.',
  },
  {
    folder: 'platform',
    may: [
      'core/mcpserver',
      'core/engine',
      'core/contract',
      'core/defaults',
      'core/resources',
      'core/policy',
      'core/rules',
      'core/plan',
      'core/composites',
      'core/testing',
    ],
    instead: 'platform serves every program and knows none of them: pass a callback.',
  },
  {
    folder: 'admission',
    may: ['core', 'platform'],
    instead: 'programs never import each other: move what they share into core (decisions) or platform (the world).',
  },
  {
    folder: 'reconciler',
    may: ['core', 'platform'],
    instead: 'programs never import each other: move what they share into core (decisions) or platform (the world).',
  },
  {
    folder: 'bridge',
    may: ['core', 'platform'],
    instead: 'programs never import each other: move what they share into core (decisions) or platform (the world).',
  },
  {
    folder: 'cli',
    may: ['core', 'platform'],
    instead: 'programs never import each other: move what they share into core (decisions) or platform (the world).',
  },
];

/** Fire at once for a delay above 2^31-1 ms, and delays come from specs and from answers of servers. */
const rawTimers = ['setTimeout', 'setInterval'];
const timersAdvice = 'timers are made by platform/timer.ts or waited for with a Clock, which bound how long they take.';

const folders = layers.map((layer) => layer.folder);

/** Import specifiers are relative, so a folder is recognised by its tail: `../engine/rule.ts`, `../../core/plan/x.ts`. */
function boundary({ folder, may, instead }) {
  const allowed = [folder, ...may];
  const refused = folders.filter((other) => !allowed.some((a) => other === a || other.startsWith(`${a}/`)));
  const tails = refused.flatMap((other) => {
    const name = other.slice('core/'.length);
    const areSiblings = folder.startsWith('core/') && other.startsWith('core/');
    const sibling = areSiblings ? [`../${name}/**`, `../../${name}/**`] : [];
    return [`**/${other}/**`, ...sibling, ...(folder.startsWith('core/') ? [] : [`../${other}/**`])];
  });
  const isCore = folder.startsWith('core/');
  const patterns = [
    { group: tails, message: instead },
    {
      group: ['**/scripts/**', '**/e2e/**'],
      message: 'scripts and e2e are imported by nothing: move the code to webhooks/.',
    },
    {
      group: ['**/main.ts'],
      message: 'main.ts is the entry and wires programs: export what you need from its own file.',
    },
    ...(isCore
      ? [
          {
            group: ['node:*', 'express', 'prom-client', 'yaml', 'node-forge'],
            message: 'core is pure: let platform do it and pass the result in.',
          },
          {
            group: ['@kubernetes/client-node'],
            allowTypeImports: true,
            message: 'core uses client-node for types only: write `import type`.',
          },
        ]
      : []),
    ...(isCore ? [] : [{ group: ['node:timers', 'node:timers/promises'], message: timersAdvice }]),
    ...(folder === 'cli'
      ? []
      : [
          {
            group: ['@marcbachmann/cel-js'],
            message: 'CEL is evaluated by the command line only: in a cluster the API server does it.',
          },
        ]),
    ...(folder === 'admission' || isCore
      ? []
      : [{ group: ['express'], message: 'express serves admission only: use platform/http for health and metrics.' }]),
  ];
  return {
    files: [`webhooks/${folder}/**/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
      ...(isCore
        ? {
            'no-restricted-globals': [
              'error',
              ...['process', 'console', 'fetch', 'setTimeout', 'setInterval', 'Buffer', 'performance'].map((name) => ({
                name,
                message: 'core is pure: take it as a parameter.',
              })),
            ],
            'no-restricted-properties': [
              'error',
              { object: 'Date', property: 'now', message: 'core has no clock: take the time as a parameter.' },
              { object: 'Math', property: 'random', message: 'core is deterministic: take it as a parameter.' },
            ],
          }
        : {}),
    },
  };
}

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '**/*.gen.ts', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ['error', 12],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Numbers read well in messages; objects and undefined stay refused.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `noPropertyAccessFromIndexSignature` asks for brackets where this rule would ask for a dot.
      '@typescript-eslint/dot-notation': 'off',
      // Interfaces and type aliases are both used on purpose: unions are types, shapes are interfaces.
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
    },
  },
  {
    files: ['webhooks/**/*.ts'],
    ignores: ['webhooks/main.ts', 'webhooks/**/testing/**', '**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name=/^(env|argv|exit|exitCode)$/]",
          message:
            'only main.ts reads the environment, the arguments and sets the exit code: take the value as a parameter.',
        },
        {
          selector:
            "CallExpression[callee.property.name='getTime'] CallExpression[callee.property.name='now'][callee.object.name='clock']",
          message: 'the wall clock is set forward and back: measure durations with clock.monotonicMs().',
        },
      ],
    },
  },
  {
    // What nobody waits for says what becomes of its errors, beside it: `void` would leave them to the process.
    files: ['webhooks/**/*.ts'],
    ignores: ['webhooks/**/testing/**', '**/*.test.ts'],
    rules: { '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }] },
  },
  {
    // Core has neither clock nor timers at all, see `boundary`.
    files: ['webhooks/**/*.ts'],
    ignores: ['webhooks/platform/timer.ts', 'webhooks/**/testing/**', '**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...rawTimers.map((name) => ({ name, message: timersAdvice }))],
      'no-restricted-properties': ['error', { object: 'AbortSignal', property: 'timeout', message: timersAdvice }],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:timers', 'node:timers/promises'], message: timersAdvice }] },
      ],
    },
  },
  ...layers.map(boundary),
  {
    files: ['**/*.test.ts'],
    rules: {
      'max-params': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it', 'test'], package: '@jest/globals' }] },
      ],
    },
  },
  {
    files: ['scripts/**/*.ts', 'e2e/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
    rules: { 'no-restricted-exports': 'off' },
  },
);
