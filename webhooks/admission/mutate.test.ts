import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../core/defaults/apply.ts';
import type { Policy } from '../core/engine/policy.ts';
import { anMCPServer, withApiVersion, withMetadata, withRawSpec, withReplicas } from '../core/testing/builders.ts';
import type { Option } from '../core/testing/builders.ts';
import { parseAdmissionReview, type Answer } from './admission-review.ts';
import { createMutate } from './mutate.ts';
import type { SkipReason } from './scope.ts';
import { aReview, type ReviewOptions } from './testing/review.ts';

const context = { remainingMs: () => 1000, signal: () => new AbortController().signal };

async function mutate(
  options: ReviewOptions,
  policy: Pick<Policy, 'compatibility'> = {},
): Promise<{ answer: Answer; skipped: SkipReason[] }> {
  const skipped: SkipReason[] = [];
  const parsed = parseAdmissionReview(JSON.parse(JSON.stringify(aReview(options))));
  if (!parsed.ok) throw new Error(parsed.problem);
  const answer = await createMutate({ policy, onSkipped: (reason) => skipped.push(reason) })(parsed.request, context);
  return { answer, skipped };
}

describe('mutation', () => {
  it.each(['mcp.x-k8s.io/v1alpha1', 'mcp.x-k8s.io/v1beta1'] as const)(
    'adds what the author of a %s left out',
    async (v) => {
      const { answer } = await mutate({ object: anMCPServer(withApiVersion(v)) });
      expect(answer).toMatchObject({ decision: 'patched', patch: expect.any(Array) });
    },
  );

  it('stores no probe and no resources, so that half of one that is applied later is not merged with ours', async () => {
    const { answer } = await mutate({ object: anMCPServer() });
    expect(JSON.stringify(answer)).not.toMatch(/health|readinessProbe|resources|cpu/);
    expect(JSON.stringify(answer)).toContain('readOnlyRootFilesystem');
  });

  it('stores nothing under compatibility.profile reference, where whatever an author says of security replaces all defaults', async () => {
    expect((await mutate({ object: anMCPServer() }, { compatibility: 'reference' })).answer).toEqual({
      decision: 'allowed',
    });
  });

  it('stores nothing that would go stale when its author changes another field', async () => {
    const { answer } = await mutate({ object: anMCPServer() });
    expect(answer).toEqual({
      decision: 'patched',
      patch: [
        {
          op: 'add',
          path: '/spec/runtime',
          value: {
            security: {
              securityContext: { capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
              podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            },
          },
        },
      ],
    });
  });

  it('touches nothing of an object that lacks nothing', async () => {
    expect((await mutate({ object: applyDefaults(anMCPServer()) })).answer).toEqual({ decision: 'allowed' });
  });

  it('does not name an object that asks for a generated name', async () => {
    const { answer } = await mutate({ name: '', object: { ...anMCPServer(), metadata: { generateName: 'search-' } } });
    expect(answer.decision).toBe('patched');
    expect(JSON.stringify(answer)).not.toContain('metadata');
  });

  it('leaves what it cannot read to those who refuse', async () => {
    const { answer } = await mutate({
      object: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', spec: 'none' },
    });
    expect(answer).toEqual({ decision: 'allowed' });
  });

  describe('of the number of pods of a server with an autoscaler', () => {
    const scaled = (...options: readonly Option[]): object =>
      applyDefaults(anMCPServer(withRawSpec({ extensions: { autoscaling: { maxReplicas: 5 } } }), ...options));
    const appliedByKubectl = (replicas: number): Option =>
      withMetadata({
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { runtime: { replicas } } }),
        },
      });
    const update = async (object: object, oldObject: object): Promise<Answer> =>
      (await mutate({ operation: 'UPDATE', object, oldObject })).answer;

    it.each([
      ['begins to scale', applyDefaults(anMCPServer(withReplicas(4)))],
      ['has scaled before', scaled(withReplicas(4))],
    ])(
      'keeps it when a manifest says it no more, of a server that %s: nothing goes down to one pod',
      async (_, old) => {
        expect(await update(scaled(withReplicas(1)), old)).toEqual({
          decision: 'patched',
          patch: [{ op: 'replace', path: '/spec/runtime/replicas', value: 4 }],
          warnings: ['spec.runtime.replicas stays 4: the autoscaler sets it; kubectl scale sets another number'],
        });
      },
    );

    it('keeps it where what kubectl applied before said it, which others have not taken back', async () => {
      const answer = await update(scaled(withReplicas(1), appliedByKubectl(4)), scaled(withReplicas(4)));
      expect(answer.decision).toBe('patched');
    });

    it.each([
      ['another number is said', scaled(withReplicas(2)), scaled(withReplicas(4))],
      ['it is stopped', scaled(withReplicas(0)), scaled(withReplicas(4))],
      ['it was stopped', scaled(withReplicas(1)), scaled(withReplicas(0))],
      ['kubectl applies the number 1', scaled(withReplicas(1), appliedByKubectl(1)), scaled(withReplicas(4))],
      ['it has no autoscaler', applyDefaults(anMCPServer(withReplicas(1))), scaled(withReplicas(4))],
      ['the old object is none', scaled(withReplicas(1)), { spec: { runtime: { replicas: '4' } } }],
    ])('leaves it as it comes where %s', async (_, object, old) => {
      expect(await update(object, old)).toEqual({ decision: 'allowed' });
    });
  });

  const skips: readonly (readonly [string, ReviewOptions, SkipReason])[] = [
    ['a deletion', { operation: 'DELETE', oldObject: anMCPServer() }, 'operation'],
    ['another kind', { kind: 'MCPGatewayBinding', object: {} }, 'kind'],
    ['another group', { group: 'example.com', object: {} }, 'kind'],
    ['the status', { operation: 'UPDATE', subResource: 'status', object: anMCPServer() }, 'subresource'],
    [
      'an object that is being deleted',
      { operation: 'UPDATE', object: anMCPServer(withMetadata({ deletionTimestamp: '2026-11-24T00:00:00Z' })) },
      'deleting',
    ],
  ];
  it.each(skips)('passes over %s, and counts it', async (_, options, reason) => {
    expect(await mutate(options)).toEqual({ answer: { decision: 'allowed' }, skipped: [reason] });
  });
});
