import { describe, expect, it } from '@jest/globals';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import { inMemoryFacts } from '../core/testing/in-memory-facts.ts';
import { parseAdmissionReview, type Answer } from './admission-review.ts';
import { createComposite } from './composite.ts';
import type { SkipReason } from './scope.ts';
import { aReview, type ReviewOptions } from './testing/review.ts';
import type { GatherFacts } from './validate.ts';

const context = { remainingMs: () => 1000, signal: () => new AbortController().signal };

function v2dy(spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'mcp.v2dy.io/v1',
    kind: 'MCPServer',
    metadata: { name: 'search', namespace: 'mcp', ...metadata },
    spec: { image: 'example.com/search:1.4.0', port: 3000, protocol: 'http', replicas: 1, ...spec },
  };
}

async function ask(
  review: ReviewOptions,
  gatherFacts: GatherFacts = () => Promise.resolve(inMemoryFacts()),
): Promise<{ readonly answer: Answer; readonly skipped: readonly SkipReason[] }> {
  const skipped: SkipReason[] = [];
  const parsed = parseAdmissionReview(JSON.parse(JSON.stringify(aReview({ group: 'mcp.v2dy.io', ...review }))));
  if (!parsed.ok) throw new Error(parsed.problem);
  const onSkipped = (reason: SkipReason): unknown => skipped.push(reason);
  const usual = { policy: builtInPolicy, now: () => '2026-11-30T06:00:00Z' };
  return { answer: await createComposite({ ...usual, gatherFacts, onSkipped })(parsed.request, context), skipped };
}

const secretKey = [{ name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'mcp-secrets', key: 'api-key' } } }];

describe('admission of an MCPServer of mcp.v2dy.io', () => {
  it('allows a good one without a word, and looks nothing up for one that names nothing', async () => {
    const { answer } = await ask({ object: v2dy() }, () => {
      throw new Error('looked something up');
    });
    expect(answer).toMatchObject({ decision: 'allowed', warnings: [] });
  });

  it('refuses what its MCPServer would be refused for, at the places and in the names of what was written', async () => {
    const { answer } = await ask({ object: v2dy({ image: 'https://example.com/search', port: undefined }) });
    expect(answer).toMatchObject({
      decision: 'denied',
      of: { group: 'mcp.v2dy.io', kind: 'MCPServer', name: 'search' },
      // Both at once: without its port nothing else could be told before.
      causes: [
        { field: 'spec.port', message: expect.stringContaining('required value') },
        { field: 'spec.image', message: expect.stringContaining('image-reference-valid') },
      ],
    });
    const { answer: next } = await ask({ object: v2dy({ image: 'https://example.com/search' }) });
    expect(next).toMatchObject({ decision: 'denied', causes: [{ field: 'spec.image' }] });
    expect(JSON.stringify(next)).not.toContain('containerImage');
  });

  it('warns of a Secret that is missing, at the place of the variable', async () => {
    const { answer } = await ask({ object: v2dy({ env: secretKey }) });
    expect(answer).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringMatching(/^spec\.env\[0\]\.valueFrom\.secretKeyRef/)],
    });
  });

  it('warns of a command for stdio without the protocol, and allows it', async () => {
    const annotations = { 'mcp-lifecycle/stdio-command': '["/bin/server"]' };
    const { answer } = await ask({ object: v2dy({}, { annotations }) });
    expect(answer).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringContaining('has no effect without spec.protocol: stdio')],
    });
  });

  it('refuses stdio without a command', async () => {
    const { answer } = await ask({ object: v2dy({ protocol: 'stdio' }) });
    expect(answer).toMatchObject({ decision: 'denied', causes: [{ field: 'spec.protocol' }] });
  });

  it('tolerates on an update what was there before, and refuses what is new', async () => {
    const old = v2dy({ image: 'https://example.com/search' });
    const same = v2dy({ image: 'https://example.com/search', port: 3001 });
    expect((await ask({ operation: 'UPDATE', oldObject: old, object: same })).answer).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringMatching(/^spec\.image: .* \(not new\) \[image-reference-valid\]$/)],
    });
    const other = v2dy({ image: 'http://example.com/other' });
    expect((await ask({ operation: 'UPDATE', oldObject: old, object: other })).answer).toMatchObject({
      decision: 'denied',
    });
  });

  it('tolerates on an update that a stdio server has no command, as it had none', async () => {
    const old = v2dy({ protocol: 'stdio' });
    const next = v2dy({ protocol: 'stdio', port: 3001 });
    expect((await ask({ operation: 'UPDATE', oldObject: old, object: next })).answer).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringContaining('spec.protocol')],
    });
    expect((await ask({ operation: 'UPDATE', oldObject: v2dy(), object: next })).answer).toMatchObject({
      decision: 'denied',
    });
  });

  it.each<[string, ReviewOptions, SkipReason]>([
    ['its end', { operation: 'DELETE', object: v2dy() }, 'operation'],
    ['its status', { subResource: 'status', object: v2dy() }, 'subresource'],
    ['another kind', { group: 'example.com', object: v2dy() }, 'kind'],
    ['one of ours', { group: 'mcp.x-k8s.io', object: v2dy() }, 'kind'],
    ['one that is being deleted', { object: v2dy({}, { deletionTimestamp: '2026-11-30T06:00:00Z' }) }, 'deleting'],
  ])('says nothing about %s', async (_name, review, reason) => {
    const { answer, skipped } = await ask(review);
    expect({ decision: answer.decision, skipped }).toEqual({ decision: 'allowed', skipped: [reason] });
  });
});

describe('admission of an MCPPool of a hundred servers', () => {
  const poolOf = (template: object): object => ({
    ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', metadata: { name: 'team', namespace: 'mcp' } },
    spec: {
      template: { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/a:1' } }, ...template },
      servers: Array.from({ length: 100 }, (_, index) => ({ name: `s${index}` })),
    },
  });

  it('tells what the template says wrong once, and not for each of them', async () => {
    const env = Array.from({ length: 40 }, (_, index) => ({ name: `${index}=`, value: 'x' }));
    const { answer } = await ask({ kind: 'MCPPool', object: poolOf({ config: { port: 8080, env } }) });
    expect(answer.decision).toBe('denied');
    const fields = answer.decision === 'denied' ? answer.causes.map(({ field }) => field) : [];
    expect(fields.length).toBeGreaterThan(0);
    expect(new Set(fields).size).toBe(fields.length);
  });

  it('refuses one whose template is too large for so many, without judging any of them', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 1] as const));
    const { answer } = await ask({ kind: 'MCPPool', object: poolOf({ config: { port: 8080 }, ...unknown }) });
    expect(answer).toMatchObject({ decision: 'denied', causes: [{ field: 'spec' }] });
  });
});
