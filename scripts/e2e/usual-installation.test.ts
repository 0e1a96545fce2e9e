import { describe, expect, it } from '@jest/globals';
import { areUsual } from './usual-installation.ts';

const usual = {
  image: { registry: 'local.test', tag: '0.1.0' },
  podAnnotations: { 'mcp-lifecycle/image-digest': 'sha256:1' },
  disruptionBudgets: { enabled: true },
  autoscaling: { enabled: true },
  ingress: { enabled: true },
  webhook: { timeoutSeconds: 15 },
};

describe('an installation of the chart', () => {
  it('is as usual with the values that every case gives it, whatever its image is', () => {
    expect(areUsual(usual)).toBe(true);
  });

  it.each([
    ['one is missing', { ...usual, ingress: {} }],
    ['one is another', { ...usual, ingress: { enabled: false } }],
    ['there is one more', { ...usual, watchNamespaces: ['a'] }],
    [
      'there is one more beside a usual one',
      { ...usual, webhook: { timeoutSeconds: 15, failurePolicy: { validating: 'Ignore' } } },
    ],
    ['there are none', {}],
  ])('is not when %s', (_, values) => {
    expect(areUsual(values)).toBe(false);
  });
});
