import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { EnvVar } from '../mcpserver/types.gen.ts';
import { withVariables } from './parts/example-specs.ts';

export const environmentDistinct: Rule = {
  id: 'environment-distinct',
  severity: 'warn',
  summary: 'Every environment variable should be set once.',
  rationale:
    'Of two variables with the same name the last one wins, without a word from Kubernetes. Usually the other one was ' +
    'meant to be removed, or to have another name.',
  remedy: 'Remove it, or give one of the two another name.',
  examples: {
    accepts: [
      {
        title: 'two names that differ in case',
        spec: withVariables({ name: 'LEVEL', value: 'info' }, { name: 'level', value: 'debug' }),
      },
    ],
    rejects: [
      {
        title: 'a variable that is set twice',
        spec: withVariables({ name: 'LEVEL', value: 'info' }, { name: 'LEVEL', value: 'debug' }),
      },
    ],
  },
  check({ server }) {
    const { env = [] } = server.spec.config;
    if (areDistinct(env)) return none;
    const lastOf = new Map(env.map(({ name }, index) => [name, index]));
    return env.flatMap(({ name }, index) => {
      const last = lastOf.get(name) ?? index;
      if (last === index) return [];
      return [
        {
          path: ['spec', 'config', 'env', index, 'name'],
          headline: 'the variable is set again further down, and the last one wins',
          // Not the name: who writes `TOKEN=…` as a name has written a secret.
          detail: `found its name again in env[${last}]`,
        },
      ];
    });
  },
};

function areDistinct(env: readonly EnvVar[]): boolean {
  if (env.length < 2) return true;
  const names = new Set<string>();
  for (const { name } of env) names.add(name);
  return names.size === env.length;
}
