import { describe, expect, it } from '@jest/globals';
import { builtInPolicy } from '../core/rules/built-in-policy.ts';
import {
  anMCPServer,
  withApiVersion,
  withMetadata,
  withName,
  withRawSpec,
  withReplicas,
} from '../core/testing/builders.ts';
import { inMemoryFacts } from '../core/testing/in-memory-facts.ts';
import { parseAdmissionReview, type Answer } from './admission-review.ts';
import type { SkipReason } from './scope.ts';
import { aReview, type ReviewOptions } from './testing/review.ts';
import { createValidate, type GatherFacts, type ValidateOptions } from './validate.ts';

const context = { remainingMs: () => 1000, signal: () => new AbortController().signal };
const nothingExists: GatherFacts = () => Promise.resolve(inMemoryFacts());
const usual = { policy: builtInPolicy, gatherFacts: nothingExists, now: () => '2026-11-29T12:00:00Z' };
const mounts = withRawSpec({
  config: { storage: [{ path: '/etc/search', source: { type: 'ConfigMap', configMap: { name: 'settings' } } }] },
});

async function validate(
  review: ReviewOptions,
  options: Partial<ValidateOptions> = {},
): Promise<{ answer: Answer; skipped: SkipReason[] }> {
  const skipped: SkipReason[] = [];
  const parsed = parseAdmissionReview(JSON.parse(JSON.stringify(aReview(review))));
  if (!parsed.ok) throw new Error(parsed.problem);
  const onSkipped = (reason: SkipReason): unknown => skipped.push(reason);
  const handler = createValidate({ ...usual, onSkipped, ...options });
  return { answer: await handler(parsed.request, context), skipped };
}

describe('validation', () => {
  it('allows a good server without a word, and looks nothing up for one that names nothing', async () => {
    const gatherFacts = (): never => {
      throw new Error('looked something up');
    };
    expect((await validate({ object: anMCPServer() }, { gatherFacts })).answer).toEqual({
      decision: 'allowed',
      warnings: [],
      auditAnnotations: { decision: 'allowed' },
    });
  });

  it('denies with every finding at once, one cause each, and warns beside it', async () => {
    const root = withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } });
    const { answer } = await validate({ name: 'search.v2', object: anMCPServer(withName('search.v2'), root, mounts) });
    expect(answer).toMatchObject({
      decision: 'denied',
      of: { group: 'mcp.x-k8s.io', kind: 'MCPServer', name: 'search.v2' },
      ruleIds: ['name-usable', 'run-as-non-root'],
      causes: [{ field: 'metadata.name' }, { field: 'spec.runtime.security.securityContext.runAsUser' }],
      auditAnnotations: { decision: 'denied', rules: 'name-usable,config-map-exists,run-as-non-root' },
    });
    expect(answer.warnings).toHaveLength(1);
  });

  it('warns about a ConfigMap that does not exist', async () => {
    const { answer } = await validate({ object: anMCPServer(mounts) });
    expect(answer).toMatchObject({
      decision: 'allowed',
      warnings: [expect.stringContaining('[config-map-exists]')],
      auditAnnotations: { decision: 'allowed', rules: 'config-map-exists' },
    });
  });

  it('looks up what the server names, in the namespace of the request', async () => {
    const asked: unknown[] = [];
    const gatherFacts: GatherFacts = (namespace, references) => {
      asked.push(namespace, ...references.map(({ kind, name }) => `${kind}/${name}`));
      return Promise.resolve(inMemoryFacts({ configMaps: { settings: [] } }));
    };
    expect((await validate({ object: anMCPServer(mounts) }, { gatherFacts })).answer.warnings).toEqual([]);
    expect(asked).toEqual(['mcp', 'ConfigMap/settings']);
  });

  it('says "not checked" when nothing could be found out', async () => {
    const gatherFacts: GatherFacts = () =>
      Promise.resolve(inMemoryFacts({ unknown: { 'ConfigMap/settings': 'slow' } }));
    const { answer } = await validate({ object: anMCPServer(mounts) }, { gatherFacts });
    expect(answer).toMatchObject({ decision: 'allowed', warnings: [expect.stringContaining('not checked')] });
  });

  it('judges what would run: a mutation that was skipped changes no verdict', async () => {
    expect((await validate({ object: anMCPServer() })).answer.decision).toBe('allowed');
  });

  it('tells violations of the schema as findings, should the API server have let them through', async () => {
    const object = { ...anMCPServer(), spec: { source: { type: 'ContainerImage' }, config: { port: 'http' } } };
    const { answer } = await validate({ object });
    expect(answer).toMatchObject({ decision: 'denied', ruleIds: ['schema'] });
    expect(JSON.stringify(answer)).toContain('spec.config.port');
  });

  it('links to the page of the rule when there is a documentation site', async () => {
    const object = anMCPServer(withName('search.v2'));
    const { answer } = await validate({ object }, { docsBaseUrl: 'https://docs.example.com/rules' });
    expect(JSON.stringify(answer)).toContain('https://docs.example.com/rules/name-usable.md');
  });

  describe('of an update', () => {
    const asRoot = withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } });
    const withPrivilege = withRawSpec({ runtime: { security: { securityContext: { privileged: true } } } });
    const update = (oldObject: unknown, object: unknown): Promise<Answer> =>
      validate({ operation: 'UPDATE', oldObject, object }).then(({ answer }) => answer);

    it('warns about what it leaves as it was, and says so in the audit log', async () => {
      const answer = await update(anMCPServer(asRoot), anMCPServer(asRoot, withReplicas(0)));
      expect(answer).toEqual({
        decision: 'allowed',
        warnings: [expect.stringMatching(/ \(not new\) \[run-as-non-root\]$/)],
        auditAnnotations: { decision: 'allowed', rules: 'run-as-non-root', tolerated: 'run-as-non-root' },
        found: [{ rule: 'run-as-non-root', action: 'tolerated' }],
      });
    });

    it('denies what it adds, and only that; the rest warns beside it', async () => {
      const answer = await update(anMCPServer(asRoot), anMCPServer(asRoot, withPrivilege));
      expect(answer).toMatchObject({
        decision: 'denied',
        ruleIds: ['privileged'],
        causes: [{ field: 'spec.runtime.security.securityContext.privileged' }],
        warnings: [expect.stringContaining('(not new) [run-as-non-root]')],
      });
    });

    it('denies what it brings back', async () => {
      expect((await update(anMCPServer(), anMCPServer(asRoot))).decision).toBe('denied');
    });

    it.each<[string, unknown]>([
      ['is none', null],
      ['is no object', 'text'],
      ['is broken', { spec: { config: { env: [null, 1] } } }],
      ['has names that JavaScript objects have', { ...anMCPServer(), spec: { constructor: {}, toString: [] } }],
    ])('tolerates nothing when the old object %s', async (_, oldObject) => {
      expect((await update(oldObject, anMCPServer(asRoot))).decision).toBe('denied');
    });

    it('takes the old object in the other version of the API', async () => {
      const old = anMCPServer(asRoot, withApiVersion('mcp.x-k8s.io/v1alpha1'));
      expect((await update(old, anMCPServer(asRoot, withReplicas(3)))).decision).toBe('allowed');
    });

    it('does not judge the old object when there is nothing to tolerate', async () => {
      const oldObject = new Proxy({}, { ownKeys: () => fail(), get: () => fail() });
      const fail = (): never => {
        throw new Error('looked at the old object');
      };
      const parsed = parseAdmissionReview(aReview({ operation: 'UPDATE', object: anMCPServer() }));
      if (!parsed.ok) throw new Error(parsed.problem);
      const handler = createValidate({ ...usual, onSkipped: () => undefined });
      expect(await handler({ ...parsed.request, oldObject }, context)).toMatchObject({ decision: 'allowed' });
    });

    it('compares a thousand violations and no more', async () => {
      const adding = (count: number): unknown => {
        const add = Array.from({ length: count }, (_, index) => `C${index}`);
        return anMCPServer(withRawSpec({ runtime: { security: { securityContext: { capabilities: { add } } } } }));
      };
      expect((await update(adding(1_000), adding(1_000))).decision).toBe('allowed');
      expect((await update(adding(1_001), adding(1_001))).decision).toBe('denied');
    });

    it.each([
      ['lists', JSON.parse('['.repeat(40_000) + ']'.repeat(40_000))],
      ['maps', JSON.parse(`${'{"a":'.repeat(13_000)}0${'}'.repeat(13_000)}`)],
    ])('is no error of ours when a short body has thousands of %s in each other as its port', async (_, port) => {
      const handler = createValidate({ ...usual, onSkipped: () => undefined });
      const parsed = parseAdmissionReview(aReview({ operation: 'UPDATE', object: anMCPServer() }));
      if (!parsed.ok) throw new Error(parsed.problem);
      const { request } = parsed;
      const withPort = (value: unknown): object => ({
        ...anMCPServer(),
        spec: { ...anMCPServer().spec, config: { port: value } },
      });
      for (const [oldObject, object] of [
        [withPort(port), withPort(port)],
        [anMCPServer(), withPort(port)],
        [withPort(port), withPort('http')],
      ]) {
        const answer = await handler({ ...request, oldObject, object }, context);
        expect(answer).toMatchObject({ decision: 'denied', ruleIds: ['schema'] });
      }
    });

    it('does not listen to an old object that a creation brings along', async () => {
      const both = { object: anMCPServer(asRoot), oldObject: anMCPServer(asRoot) };
      expect((await validate(both)).answer.decision).toBe('denied');
    });

    it('warns about a violation of the schema that the API server tolerated', async () => {
      const stored = { ...anMCPServer(), spec: { ...anMCPServer().spec, config: { port: 8080, path: 7 } } };
      const labelled = { ...stored, metadata: { ...stored.metadata, labels: { team: 'search' } } };
      expect(await update(stored, labelled)).toMatchObject({
        decision: 'allowed',
        warnings: [expect.stringContaining('(not new) [schema]')],
      });
      const worse = { ...stored, spec: { ...stored.spec, config: { port: 8080, path: 8 } } };
      expect((await update(stored, worse)).decision).toBe('denied');
    });
  });

  const skips: readonly (readonly [string, ReviewOptions, SkipReason])[] = [
    ['a deletion', { operation: 'DELETE', oldObject: anMCPServer() }, 'operation'],
    ['a connection', { operation: 'CONNECT', object: {} }, 'operation'],
    ['another kind', { kind: 'Pod', group: '', object: {} }, 'kind'],
    [
      'a scaling',
      { operation: 'UPDATE', kind: 'Scale', group: 'autoscaling', subResource: 'scale', object: {} },
      'kind',
    ],
    [
      'a bad object that is being deleted',
      {
        operation: 'UPDATE',
        object: anMCPServer(withName('search.v2'), withMetadata({ deletionTimestamp: '2026-11-24T00:00:00Z' })),
      },
      'deleting',
    ],
  ];
  it.each(skips)('allows %s, and counts it', async (_, review, reason) => {
    expect(await validate(review)).toEqual({ answer: { decision: 'allowed' }, skipped: [reason] });
  });
});
