import { describe, expect, it } from '@jest/globals';
import type { EnvFromSource, EnvVar } from '../mcpserver/types.gen.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { environmentOrder } from './environment-order.ts';

function foundIn(env: EnvVar[], envFrom: EnvFromSource[] = []): readonly string[] {
  const server = anMCPServer(withSpec({ config: { env, envFrom } }));
  const findings = evaluateRules([environmentOrder], { server, facts: inMemoryFacts() });
  return findings.map(({ path, detail }) => `${renderPath(path)}: ${detail}`);
}

const below = (place: number): string => `found the name of env[${place}], which stays as it is`;
const itself = 'found its own name, which stays as it is';

describe('the order of variables', () => {
  it('counts for the place at which pods get a variable: that of the last one of its name', () => {
    expect(
      foundIn([
        { name: 'HOST', value: 'old' },
        { name: 'URL', value: '$(HOST)' },
        { name: 'HOST', value: 'new' },
      ]),
    ).toEqual([`spec.config.env[1].value: ${below(2)}`]);
  });

  it('does not count for a variable that pods do not get', () => {
    expect(
      foundIn([
        { name: 'URL', value: '$(HOST)' },
        { name: 'HOST', value: 'db' },
        { name: 'URL', value: '$(HOST)' },
      ]),
    ).toEqual([]);
  });

  it('counts for names with a source of their value, too', () => {
    expect(
      foundIn([
        { name: 'URL', value: 'db://$(PASSWORD)@db' },
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
      ]),
    ).toEqual([`spec.config.env[0].value: ${below(1)}`]);
  });

  it('does not count where any bulk source may bring the name first', () => {
    const env = [
      { name: 'APP_URL', value: '$(APP_HOST)' },
      { name: 'APP_HOST', value: 'db' },
    ];
    const source = { secretRef: { name: 'settings' } };
    expect(foundIn(env, [{ ...source, prefix: 'APP_' }])).toEqual([]);
    expect(foundIn(env, [source])).toEqual([]);
    expect(foundIn(env, [{ ...source, prefix: 'DB_' }])).toEqual([`spec.config.env[0].value: ${below(1)}`]);
  });

  it('is told once for each name in a value, and never shows a name or a value', () => {
    const found = foundIn([
      { name: 'A', value: '$(B)$(C)$(B)$(A)' },
      { name: 'B', value: 'correct-horse' },
      { name: 'C', value: 'x' },
    ]);
    expect(found).toEqual([below(1), below(2), itself].map((detail) => `spec.config.env[0].value: ${detail}`));
  });

  it('is told a bounded number of times for one variable', () => {
    const others = Array.from({ length: 900 }, (_, index) => ({ name: `V${index}`, value: 'x' }));
    const value = others.map(({ name }) => `$(${name})`).join('');
    expect(foundIn([{ name: 'ALL', value }, ...others])).toHaveLength(10);
  });
});
