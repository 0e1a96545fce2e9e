import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { EnvFromSource, EnvVar } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { eachVariableReference } from './parts/variable-references.ts';

export const environmentOrder: Rule = {
  id: 'environment-order',
  severity: 'warn',
  isOptIn: true,
  summary: 'A variable that another one refers to as $(NAME) should be defined before it.',
  rationale:
    'Kubernetes fills in `$(NAME)` in the value of a variable from what it has read by then: from ConfigMaps and Secrets as a ' +
    'whole (envFrom), then from the variables of `env` in their order. A name that comes later, or is that of the variable ' +
    'itself, is not known yet, and without a word the text `$(NAME)` stays as it is: the server gets an address or a password ' +
    'that is none. `$$(NAME)` is no reference, and arguments may refer to every variable. Where envFrom may bring the name ' +
    'nothing is said, because that comes first; of two variables of one name only the last one is there.',
  remedy: 'Move the variable that is referred to above this one; for a literal $(NAME), write $$(NAME).',
  examples: {
    accepts: [
      {
        title: 'a reference to a variable above',
        spec: withEnv({ name: 'HOST', value: 'db' }, { name: 'URL', value: 'postgres://$(HOST):5432' }),
      },
      {
        title: 'an escaped reference',
        spec: withEnv({ name: 'URL', value: 'postgres://$$(HOST):5432' }, { name: 'HOST', value: 'db' }),
      },
      {
        title: 'a name that the cluster may know',
        spec: withEnv({ name: 'API', value: '$(KUBERNETES_SERVICE_HOST)' }),
      },
      {
        title: 'a name that envFrom may bring',
        spec: {
          config: {
            envFrom: [{ configMapRef: { name: 'settings' } }],
            env: [
              { name: 'URL', value: 'postgres://$(HOST):5432' },
              { name: 'HOST', value: 'db' },
            ],
          },
        },
        configMaps: { settings: ['HOST'] },
      },
      {
        title: 'an argument, which may refer to every variable',
        spec: { config: { arguments: ['--url=$(URL)'], env: [{ name: 'URL', value: 'http://db' }] } },
      },
    ],
    rejects: [
      {
        title: 'a reference to a variable below',
        spec: withEnv({ name: 'URL', value: 'postgres://$(HOST):5432' }, { name: 'HOST', value: 'db' }),
      },
      { title: 'a reference to itself', spec: withEnv({ name: 'PATH', value: '/opt/bin:$(PATH)' }) },
      {
        title: 'a reference behind an escaped dollar sign',
        spec: withEnv({ name: 'URL', value: '$$$(HOST)' }, { name: 'HOST', value: 'db' }),
      },
      {
        title: 'a name that envFrom cannot bring, because it brings others',
        spec: {
          config: {
            envFrom: [{ prefix: 'APP_', configMapRef: { name: 'settings' } }],
            env: [
              { name: 'URL', value: 'postgres://$(HOST):5432' },
              { name: 'HOST', value: 'db' },
            ],
          },
        },
        configMaps: { settings: ['HOST'] },
      },
    ],
  },
  check({ server }) {
    const { env, envFrom = [] } = server.spec.config;
    if (env?.some(mayRefer) !== true) return none;
    // As pods get them: of two with one name only the last one, at its place (core/resources/pod/mcp-server.ts).
    const places = new Map(env.map(({ name }, index) => [name, index]));
    const known = new Map([...places].filter(([name]) => !mayBring(envFrom, name)));
    return env.flatMap((variable, index) =>
      places.get(variable.name) === index && mayRefer(variable) ? checkVariable(variable, index, known) : [],
    );
  },
};

/** Of nearly all variables, none. */
function mayRefer({ value }: EnvVar): boolean {
  return value?.includes('$(') === true;
}

function mayBring(envFrom: readonly EnvFromSource[], name: string): boolean {
  return envFrom.some(({ prefix = '' }) => name.startsWith(prefix));
}

/** Most violations of one variable: it may refer to all thousand of them. */
const maxViolations = 10;

/** `places`: of each name that comes with this list only, and so at its place. */
function checkVariable(
  { value = '' }: EnvVar,
  index: number,
  places: ReadonlyMap<string, number>,
): readonly Violation[] {
  const found = new Map<number, Violation>();
  let count = 0;
  eachVariableReference(value, (name) => {
    count += 1;
    const place = places.get(name) ?? -1;
    if (place < index || found.has(place) || found.size === maxViolations) return;
    found.set(place, tooEarly(index, place, count));
  });
  return [...found.values()];
}

/** Without the name: who writes `TOKEN=…` as a name has written a secret. */
function tooEarly(index: number, place: number, count: number): Violation {
  const isItself = place === index;
  return {
    path: ['spec', 'config', 'env', index, 'value'],
    headline: isItself ? 'the variable refers to itself' : 'the variable refers to one that is defined further down',
    detail: isItself
      ? 'found its own name, which stays as it is'
      : `found the name of env[${place}], which stays as it is`,
    // Which of its references: the value tells the rest.
    cause: [isItself ? 'itself' : 'below', count],
  };
}

function withEnv(...env: readonly object[]): Readonly<Record<string, unknown>> {
  return { config: { env } };
}
