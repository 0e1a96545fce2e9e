import { describe, expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { byteAmountsPlausible } from './byte-amounts-plausible.ts';

function judge(spec: Readonly<Record<string, unknown>>): readonly string[] {
  const server = anMCPServer(withRawSpec(spec));
  return evaluateRules([byteAmountsPlausible], { server, facts: inMemoryFacts() }).map(({ path }) => renderPath(path));
}

const limits = 'spec.runtime.resources.limits';

describe('an amount of bytes', () => {
  it.each([
    ['memory', '64m'],
    ['memory', '64000m'],
    ['memory', '999999999m'],
    ['memory', '64u'],
    ['memory', '64n'],
    ['memory', '0.5'],
    ['memory', 512],
    ['memory', '512k'],
    ['memory', '1000Ki'],
    ['memory', '6e1'],
    ['ephemeral-storage', '64m'],
  ])('is too small to be meant: %s %s', (name, amount) => {
    expect(judge({ runtime: { resources: { limits: { [name]: amount } } } })).toEqual([`${limits}.${name}`]);
  });

  it.each([
    ['memory', '64Mi'],
    ['memory', '1M'],
    ['memory', '1024Ki'],
    ['memory', '67108864'],
    ['memory', 67_108_864],
    ['memory', '6e7'],
    ['memory', '1048576000m'],
    ['memory', '0'],
    ['memory', 0],
    ['memory', '0m'],
    // Refused elsewhere: cannot be read, or is negative.
    ['memory', '1e1.5'],
    ['memory', '-64m'],
    ['memory', '1e999999999'],
    ['ephemeral-storage', '64k'],
    ['ephemeral-storage', '1'],
    ['cpu', '64m'],
    ['nvidia.com/gpu', '1'],
  ])('may be meant: %s %s', (name, amount) => {
    expect(judge({ runtime: { resources: { limits: { [name]: amount } } } })).toEqual([]);
  });

  it('is looked at in requests and in scratch space, too', () => {
    const source = { type: 'EmptyDir', emptyDir: { sizeLimit: '64m' } };
    expect(
      judge({
        runtime: { resources: { requests: { memory: '64m' } } },
        config: { storage: [{ path: '/tmp', permissions: 'ReadWrite', source }] },
      }),
    ).toEqual(['spec.config.storage[0].source.emptyDir.sizeLimit', 'spec.runtime.resources.requests.memory']);
  });
});
