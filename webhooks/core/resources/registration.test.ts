import { describe, expect, it } from '@jest/globals';
import { maxSaidLength, readBinding, readRoute } from './registration.ts';

const ours = { managedFields: [{ manager: 'mcp-lifecycle', operation: 'Apply', time: '2026-01-01T00:00:00Z' }] };
const condition = (type: string, status: string, more: object = {}): object => ({
  ...{ type, status, reason: `${type}${status}`, message: 'said', observedGeneration: 2 },
  ...more,
});

describe('what a binding says', () => {
  const binding = (status: object): unknown => ({
    metadata: { generation: 2, ...ours },
    spec: { provider: 'example.com/edge' },
    status,
  });

  it.each<[what: string, status: object, state: string]>([
    ['nothing', {}, 'none'],
    ['that it is registered', { conditions: [condition('Registered', 'True')] }, 'yes'],
    ['that it is not', { conditions: [condition('Registered', 'False')] }, 'no'],
    [
      'that it was, before it was changed',
      { conditions: [condition('Registered', 'True', { observedGeneration: 1 })] },
      'stale',
    ],
    ['something else', { conditions: [condition('Ready', 'True')] }, 'none'],
    ['what no schema allows', { conditions: [7, null, { type: ['Registered'] }] }, 'none'],
  ])('is read: %s', (_, status, state) => {
    expect(readBinding(binding(status))).toMatchObject({
      ...{ answer: { state }, provider: 'example.com/edge', appliedAt: '2026-01-01T00:00:00Z', generation: 2 },
    });
  });

  it('is who keeps it, and since when, once it is to go', () => {
    const finalizers = ['example.com/a', 'example.com/b\n', 7];
    const going = { metadata: { ...ours, finalizers, deletionTimestamp: '2026-02-02T00:00:00Z' } };
    expect(readBinding(going)).toMatchObject({
      ...{ appliedAt: '2026-02-02T00:00:00Z', finalizers: 'example.com/a, example.com/b' },
    });
    const endless = { metadata: { ...going.metadata, finalizers: ['x'.repeat(5_000)] } };
    expect(readBinding(endless).finalizers?.length).toBeLessThanOrEqual(256);
    expect(readBinding({ metadata: { ...ours, finalizers } })).not.toHaveProperty('finalizers');
  });

  it('is bounded and on one line, whoever wrote it, and an endless URL is none', () => {
    const message = `first\nsecond\u202e ${'x'.repeat(5_000)}`;
    const read = readBinding(
      binding({ url: `https://${'x'.repeat(5_000)}`, conditions: [condition('Registered', 'False', { message })] }),
    );
    expect(read.url).toBeUndefined();
    const said = read.answer.state === 'no' ? read.answer.message : '';
    expect(said).toMatch(/^first second /);
    expect(said.length).toBeLessThanOrEqual(maxSaidLength);
  });

  it('is nothing of what is no object at all', () => {
    for (const raw of [undefined, null, 'x', [], { status: { conditions: 'x' } }])
      expect(readBinding(raw).answer).toEqual({ state: 'none' });
  });
});

describe('what gateways say of a route', () => {
  const parentRef = { name: 'public', namespace: 'gateways' };
  const route = (parents: readonly object[]): unknown => ({
    metadata: { namespace: 'mcp', generation: 2, ...ours },
    spec: { parentRefs: [parentRef] },
    status: { parents },
  });
  const accepted = condition('Accepted', 'True');
  const resolved = condition('ResolvedRefs', 'True');

  it.each<[what: string, parents: readonly object[], answer: object]>([
    ['nothing, as long as no controller has looked', [], { state: 'none' }],
    ['of another parent', [{ parentRef: { name: 'other' }, conditions: [accepted] }], { state: 'none' }],
    [
      'of a parent of the same name elsewhere',
      [{ parentRef: { name: 'public' }, conditions: [accepted] }],
      { state: 'none' },
    ],
    ['that one takes it', [{ parentRef, conditions: [accepted, resolved] }], { state: 'yes' }],
    [
      'that one takes a part of it',
      [{ parentRef, conditions: [accepted, resolved, condition('PartiallyInvalid', 'True')] }],
      { state: 'yes', leftOut: 'said (PartiallyInvalidTrue)' },
    ],
    [
      'that nothing of it is left out',
      [{ parentRef, conditions: [accepted, resolved, condition('PartiallyInvalid', 'False')] }],
      { state: 'yes' },
    ],
    [
      'that it is not accepted',
      [{ parentRef, conditions: [condition('Accepted', 'False'), resolved] }],
      { state: 'no', reason: 'AcceptedFalse', message: 'said' },
    ],
    [
      'that what it names was not found',
      [{ parentRef, conditions: [accepted, condition('ResolvedRefs', 'False')] }],
      { state: 'no', reason: 'ResolvedRefsFalse', message: 'said' },
    ],
    [
      'that one of two controllers takes it',
      [
        { parentRef, conditions: [condition('Accepted', 'False')] },
        { parentRef, conditions: [accepted, resolved] },
      ],
      { state: 'yes' },
    ],
    [
      'of how it was before',
      [{ parentRef, conditions: [condition('Accepted', 'True', { observedGeneration: 1 })] }],
      { state: 'stale' },
    ],
  ])('is read: %s', (_, parents, answer) => {
    expect(readRoute(route(parents)).answer).toEqual(answer);
  });

  it('is of the Gateway that it names, in its own namespace unless it says another', () => {
    expect(readRoute(route([])).gatewayNamespace).toBe('gateways');
    const at = (parentRefs: unknown): unknown => ({ metadata: { namespace: 'mcp' }, spec: { parentRefs } });
    expect(readRoute(at([{ name: 'public' }])).gatewayNamespace).toBe('mcp');
    expect(readRoute(at([{ name: 'x', namespace: 'y'.repeat(5_000) }])).gatewayNamespace?.length).toBeLessThan(64);
    for (const none of [[], undefined, 'x']) expect(readRoute(at(none))).not.toHaveProperty('gatewayNamespace');
  });
});
