import { describe, expect, it } from '@jest/globals';
import type { Answer } from './admission/admission-review.ts';
import { createValidate } from './admission/validate.ts';
import type { Finding } from './core/engine/finding.ts';
import { judge } from './core/engine/judge.ts';
import { createPolicyVersion } from './core/engine/policy-version.ts';
import type { Policy } from './core/engine/policy.ts';
import type { Example } from './core/engine/rule.ts';
import type { MCPServer } from './core/mcpserver/types.gen.ts';
import { decide, type Decision } from './core/plan/decide.ts';
import { aChild } from './core/plan/testing/a-child.ts';
import { createTell } from './core/policy/problem.ts';
import { parametersShape } from './core/policy/parameter-shape.ts';
import { readPolicy } from './core/policy/read-policy.ts';
import { builtInPolicy } from './core/rules/built-in-policy.ts';
import { rules } from './core/rules/index.gen.ts';
import {
  anMCPServer,
  withGeneration,
  withImage,
  withMetadata,
  withName,
  withRawSpec,
  withReplicas,
  withStatus,
  withUid,
} from './core/testing/builders.ts';
import type { Option } from './core/testing/builders.ts';
import { anInstant, policyOf, prepared } from './core/testing/evaluate-rules.ts';
import { inMemoryFacts } from './core/testing/in-memory-facts.ts';
import type { InMemoryObjects } from './core/testing/in-memory-facts.ts';
import { digest } from './platform/digest.ts';

/** Policies as they are written, through the door and through the control loop. */

function policyFrom(document: Readonly<Record<string, unknown>>): Policy {
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', ...document }, rules);
  if (read.type !== 'usable' || read.ignored.length > 0) throw new Error(JSON.stringify(read));
  return read.policy;
}

const samples = rules.flatMap((rule) =>
  [...rule.examples.accepts, ...rule.examples.rejects].map(
    (example) => [`${rule.id}: ${example.title}`, rule, example] as const,
  ),
);

const serverOf = ({ name, spec = {} }: Example): MCPServer =>
  anMCPServer(...(name === undefined ? [] : [withName(name)]), withRawSpec(spec));

describe('a policy that says nothing', () => {
  it.each(samples)('judges as without one: %s', (_title, _rule, example) => {
    const { installation } = example;
    const context = { facts: inMemoryFacts(example), installation, now: anInstant };
    const subject = prepared(serverOf(example));
    const without = judge(subject, { ...context, policy: builtInPolicy });
    expect(judge(subject, { ...context, policy: policyFrom({ extends: 'restricted' }) })).toEqual(without);
    expect(judge(subject, { ...context, policy: policyFrom({}) })).toEqual(without);
  });
});

describe('a policy that only listens', () => {
  const listening = policyFrom({ extends: 'audit-only' });

  it.each(samples.filter(([, { isMandatory, isOptIn }]) => isMandatory !== true && isOptIn !== true))(
    'finds the same and refuses nothing: %s',
    (_title, _rule, example) => {
      const { installation } = example;
      const context = { facts: inMemoryFacts(example), installation, now: anInstant };
      const subject = prepared(serverOf(example));
      const found = judge(subject, { ...context, policy: listening }).findings;
      const without = judge(subject, { ...context, policy: builtInPolicy }).findings;
      const told = found.filter(({ severity }) => severity !== 'audit');
      expect(told.filter(({ ruleId }) => ruleId !== 'own-identity-protected')).toEqual([]);
      const whatIsFound = (finding: Finding): object => ({ ...finding, severity: '', because: undefined });
      expect(found.map(whatIsFound)).toEqual(without.map(whatIsFound));
    },
  );

  it('does not make the check after an install fail: what that asks about is refused', () => {
    const probe = anMCPServer(withName('mcp-lifecycle.probe'));
    const { findings } = judge(prepared(probe), { facts: inMemoryFacts(), now: anInstant, policy: listening });
    expect(findings.filter(({ severity }) => severity === 'deny')).toMatchObject([{ path: ['metadata', 'name'] }]);
  });
});

describe('parameters of examples', () => {
  const given = samples.filter(([, , { parameters }]) => parameters !== undefined);

  it('are such as a policy can give', () => {
    for (const [title, rule, { parameters }] of given) {
      const tell = createTell();
      const read = parametersShape(rule.parameters).read(parameters, [], tell);
      expect({ title, read, ...tell.problems }).toEqual({ title, read: parameters, wrong: [], ignored: [] });
    }
  });

  it('are all that a rule needs', () => {
    for (const [title, rule, example] of samples) {
      const entry = policyOf(builtInPolicy, rule, example)
        .entriesFor('mcp')
        .find((one) => one.rule === rule);
      const needed = Object.entries(rule.parameters ?? {}).filter(([, { isOptional }]) => isOptional !== true);
      for (const [name] of needed)
        expect({ title, [name]: entry?.parameters[name] }).not.toHaveProperty(name, undefined);
    }
  });
});

interface Update {
  readonly policy: Policy;
  readonly before?: MCPServer;
  readonly now?: string;
  readonly objects?: InMemoryObjects;
}

async function ask(object: MCPServer, { policy, before, now = anInstant, objects }: Update): Promise<Answer> {
  const gatherFacts = () => Promise.resolve(inMemoryFacts(objects));
  const validate = createValidate({ policy, gatherFacts, now: () => now, onSkipped: () => undefined });
  const { name, namespace = '' } = object.metadata;
  return validate(
    {
      ...{ uid: 'u', subResource: '', dryRun: false, userName: 'jane', name, namespace, object },
      kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
      operation: before === undefined ? 'CREATE' : 'UPDATE',
      oldObject: before,
    },
    { remainingMs: () => 1_000, signal: () => new AbortController().signal },
  );
}

const asRoot = withRawSpec({ runtime: { security: { securityContext: { runAsUser: 0 } } } });
const latest = withImage('ghcr.io/example/search:latest');

describe('what admission says', () => {
  it('names the entry that made it refuse, in the sentence before the rule', async () => {
    const policy = policyFrom({
      overrides: [{ namespaces: ['mc*'], rules: { 'image-tag-pinned': { action: 'deny' } } }],
    });
    const answer = await ask(anMCPServer(latest), { policy });
    expect(answer).toMatchObject({
      decision: 'denied',
      causes: [{ message: expect.stringMatching(/\. \(policy: overrides\[0\] mc\*\) \[image-tag-pinned\]$/) }],
    });
  });

  it('names the entry in a warning that still fits', async () => {
    const policy = policyFrom({ rules: { 'run-as-non-root': { action: 'warn' } } });
    const { decision, warnings = [] } = await ask(anMCPServer(asRoot), { policy });
    expect(decision).toBe('allowed');
    expect(warnings).toEqual([expect.stringMatching(/ \(policy: rules\) \[run-as-non-root\]$/)]);
    expect(warnings[0]?.length).toBeLessThanOrEqual(120);
  });

  it('says nothing of what is only audited, but in the audit log', async () => {
    const policy = policyFrom({ rules: { 'run-as-non-root': { action: 'audit' } } });
    expect(await ask(anMCPServer(asRoot, latest), { policy })).toEqual({
      decision: 'allowed',
      warnings: [expect.stringContaining('[image-tag-pinned]')],
      auditAnnotations: { decision: 'allowed', rules: 'image-tag-pinned', audited: 'run-as-non-root' },
      found: [
        { rule: 'run-as-non-root', action: 'audit' },
        { rule: 'image-tag-pinned', action: 'warn' },
      ],
    });
  });

  it('refuses what nobody could look up, where a reference that is missing is refused', async () => {
    const mounts = withRawSpec({ config: { envFrom: [{ configMapRef: { name: 'settings' } }] } });
    const policy = policyFrom({ rules: { 'config-map-exists': { action: 'deny' } } });
    const answer = await ask(anMCPServer(mounts), { policy, objects: { unknown: { 'ConfigMap/settings': 'slow' } } });
    expect(answer).toMatchObject({ decision: 'denied', ruleIds: ['config-map-exists'] });
    expect(JSON.stringify(answer)).toContain('not checked');
  });

  it('takes another policy with the next request', async () => {
    let policy = builtInPolicy;
    const options = {
      get policy() {
        return policy;
      },
      gatherFacts: () => Promise.resolve(inMemoryFacts()),
      ...{ now: () => anInstant, onSkipped: () => undefined },
    };
    const validate = createValidate(options);
    const object = anMCPServer(asRoot);
    const request = {
      ...{ uid: 'u', subResource: '', dryRun: false, userName: 'jane', name: 'search', namespace: 'mcp', object },
      kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
      ...{ operation: 'CREATE' as const, oldObject: undefined },
    };
    const call = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
    expect((await validate(request, call)).decision).toBe('denied');
    policy = policyFrom({ extends: 'audit-only' });
    expect((await validate(request, call)).decision).toBe('allowed');
  });
});

describe('an exemption', () => {
  const exempting = policyFrom({
    exemptions: [
      {
        ...{ rule: 'run-as-non-root', namespace: 'mcp', name: 'search', reason: 'vendor image', owner: 'team-search' },
        expires: '2026-12-31',
      },
    ],
  });
  const ended = '2026-12-31T00:00:00Z';

  it('lets the one server in, and no other', async () => {
    expect((await ask(anMCPServer(asRoot), { policy: exempting })).decision).toBe('allowed');
    expect((await ask(anMCPServer(asRoot, withName('other')), { policy: exempting })).decision).toBe('denied');
  });

  it('is told before it ends', async () => {
    const { decision, warnings } = await ask(anMCPServer(asRoot), { policy: exempting, now: '2026-12-20T08:00:00Z' });
    expect(decision).toBe('allowed');
    expect(warnings).toEqual([
      expect.stringMatching(/\(policy: exemptions\[0\] until 2026-12-31\) \[run-as-non-root\]$/),
    ]);
  });

  it('has ended on its day for what is new', async () => {
    const answer = await ask(anMCPServer(asRoot), { policy: exempting, now: ended });
    expect(answer).toMatchObject({ decision: 'denied', ruleIds: ['run-as-non-root'] });
    expect(JSON.stringify(answer)).toContain('(policy: exemptions[0] ended 2026-12-31)');
  });

  it.each<[what: string, change: Option, decision: string]>([
    ['its labels', withMetadata({ labels: { team: 'search' } }), 'allowed'],
    ['its annotations', withMetadata({ annotations: { note: 'soon' } }), 'allowed'],
    ['its replicas', withReplicas(3), 'allowed'],
    ['its image', withImage('ghcr.io/example/search:1.5.0'), 'denied'],
    ['the labels of its pods', withRawSpec({ extraLabels: { team: 'search' } }), 'denied'],
    ['a variable', withRawSpec({ config: { env: [{ name: 'A', value: 'b' }] } }), 'denied'],
  ])('that has ended passes changes of the server, not of its pods: %s', async (_, change, decision) => {
    const before = anMCPServer(asRoot);
    const answer = await ask(anMCPServer(asRoot, change), { policy: exempting, before, now: ended });
    expect(answer.decision).toBe(decision);
  });

  it('that has ended holds nobody up who mends it', async () => {
    const answer = await ask(anMCPServer(withImage('ghcr.io/example/search:1.5.0')), {
      ...{ policy: exempting, before: anMCPServer(asRoot), now: ended },
    });
    expect(answer).toMatchObject({ decision: 'allowed', warnings: [] });
  });
});

/** What the reconciler wrote while the exemption was there. */
const excusedBefore = withStatus({ extensions: { policy: { digest: 'd', excused: ['run-as-non-root'] } } });

describe('an exemption that was taken out of the policy', () => {
  const before = anMCPServer(asRoot, excusedBefore);
  const otherImage = withImage('ghcr.io/example/search:1.5.0');
  const escalating = withRawSpec({ runtime: { security: { securityContext: { allowPrivilegeEscalation: true } } } });

  it('ends as on its day: what it let in is no old violation (it was tolerated for ever)', async () => {
    const answer = await ask(anMCPServer(asRoot, otherImage), { policy: builtInPolicy, before });
    expect(answer).toMatchObject({ decision: 'denied', ruleIds: ['run-as-non-root'] });
    expect(JSON.stringify(answer)).toContain('(policy: its exemption was removed) [run-as-non-root]');
  });

  it.each<[what: string, now: MCPServer, old: MCPServer]>([
    ['changes of the server, not of its pods', anMCPServer(asRoot, withReplicas(3)), before],
    ['who mends it', anMCPServer(otherImage), before],
    ['another rule', anMCPServer(escalating, otherImage), anMCPServer(escalating, excusedBefore)],
    ['a server that never was excused', anMCPServer(asRoot, otherImage), anMCPServer(asRoot)],
  ])('holds nobody else up: %s', async (_, now, old) => {
    expect((await ask(now, { policy: builtInPolicy, before: old })).decision).toBe('allowed');
  });

  it('is no concern while another one excuses the server', async () => {
    const entry = { rule: 'run-as-non-root', namespace: 'mcp', name: 'search', reason: 'R', owner: 'O' };
    const policy = policyFrom({ exemptions: [{ ...entry, expires: '2027-12-31' }] });
    expect((await ask(anMCPServer(asRoot, otherImage), { policy, before })).decision).toBe('allowed');
  });
});

interface Round {
  readonly policy: Policy;
  readonly now?: string;
  readonly objects?: InMemoryObjects;
  /** Of the round before. */
  readonly after?: Decision | undefined;
}

/** What the reconciler decides about a server that runs, in this generation. */
function decideOn(
  generation: number,
  options: readonly Option[],
  { policy, now = anInstant, objects = {}, after }: Round,
): Decision {
  const said = after === undefined || after.verdict === 'retry' ? [] : [statusAfter(after)];
  const server = anMCPServer(withUid('u-1'), withGeneration(generation), ...options, ...said);
  const object = { namespace: 'mcp', name: 'search' };
  const policyVersion = createPolicyVersion(policy, digest)(object, { now });
  return decide({
    ...{ subject: prepared(server), facts: inMemoryFacts(objects), policy, policyVersion, now, digest },
    observed: [aChild({ uid: 'u-1' })],
  });
}

function statusAfter({ policy, server }: Exclude<Decision, { readonly verdict: 'retry' }>): Option {
  return withStatus({ observedGeneration: server.metadata.generation ?? 0, extensions: { policy } });
}

describe('what was there before a policy', () => {
  const loose = policyFrom({ rules: { 'image-tag-pinned': { action: 'off' } } });
  const strict = policyFrom({ rules: { 'image-tag-pinned': { action: 'deny' } } });
  const withVariable = withRawSpec({ config: { env: [{ name: 'A', value: 'b' }] } });
  const otherLatest = withImage('ghcr.io/example/other:latest');

  it('is tolerated when it became stricter, through the change after it, by both programs', async () => {
    const first = decideOn(1, [latest], { policy: loose });
    expect(first.verdict).toBe('accepted');
    const second = decideOn(1, [latest], { policy: strict, after: first });
    expect(second).toMatchObject({ verdict: 'accepted', policy: { tolerated: [{ rule: 'image-tag-pinned' }] } });
    const third = decideOn(2, [latest, withVariable], { policy: strict, after: second });
    expect(third).toMatchObject({ verdict: 'accepted', policy: { tolerated: [{ rule: 'image-tag-pinned' }] } });
    const answer = await ask(anMCPServer(latest, withVariable), { policy: strict, before: anMCPServer(latest) });
    expect(answer).toMatchObject({ decision: 'allowed', warnings: [expect.stringContaining('(not new)')] });
  });

  it('is refused when the change after it is of that very place, by both programs', async () => {
    const first = decideOn(1, [latest], { policy: strict, after: decideOn(1, [latest], { policy: loose }) });
    expect(decideOn(2, [otherLatest], { policy: strict, after: first }).verdict).toBe('invalid');
    const answer = await ask(anMCPServer(otherLatest), { policy: strict, before: anMCPServer(latest) });
    expect(answer.decision).toBe('denied');
  });

  it('is nobody’s business any more when it became looser, through the change after it', async () => {
    const refused = decideOn(2, [latest], { policy: strict, after: decideOn(1, [], { policy: strict }) });
    expect(refused.verdict).toBe('invalid');
    const second = decideOn(2, [latest], { policy: loose, after: refused });
    expect(second.verdict).toBe('accepted');
    const third = decideOn(3, [otherLatest], { policy: loose, after: second });
    expect(third.verdict).toBe('accepted');
    expect(third).not.toHaveProperty('policy.tolerated');
    expect(await ask(anMCPServer(otherLatest), { policy: loose, before: anMCPServer(latest) })).toMatchObject({
      ...{ decision: 'allowed', warnings: [] },
    });
  });

  it('is enforced again for changes when it became looser and strict again', () => {
    const free = decideOn(1, [latest], { policy: loose });
    const back = decideOn(1, [latest], { policy: strict, after: free });
    expect(decideOn(2, [otherLatest], { policy: strict, after: back }).verdict).toBe('invalid');
  });

  it('is remembered as excused from the first day of an exemption until it is mended, also without the exemption', () => {
    const exemption = { rule: 'run-as-non-root', namespace: 'mcp', name: 'search', reason: 'R', owner: 'O' };
    const exempting = policyFrom({ exemptions: [{ ...exemption, expires: '2026-12-31' }] });
    const excused = { policy: { excused: ['run-as-non-root'] } };
    const first = decideOn(1, [asRoot], { policy: exempting });
    expect(first).toMatchObject(excused);
    const removed = decideOn(1, [asRoot], { policy: builtInPolicy, after: first });
    expect(removed).toMatchObject({ verdict: 'accepted', policy: { tolerated: [{ rule: 'run-as-non-root' }] } });
    expect(removed).toMatchObject(excused);
    const scaled = decideOn(2, [asRoot, withReplicas(3)], { policy: builtInPolicy, after: removed });
    expect(scaled).toMatchObject({ verdict: 'accepted', ...excused });
    const privileged = withRawSpec({ runtime: { security: { securityContext: { privileged: true } } } });
    const refused = decideOn(3, [privileged], { policy: builtInPolicy, after: scaled });
    expect(refused).toMatchObject({ verdict: 'invalid', ...excused });
    const mended = decideOn(4, [], { policy: builtInPolicy, after: refused });
    expect(mended).toMatchObject({ verdict: 'accepted' });
    expect(mended).not.toHaveProperty('policy.excused');
  });

  it('is tolerated as it was when an exemption ends, until it is changed', () => {
    const exemption = { rule: 'run-as-non-root', namespace: 'mcp', name: 'search', reason: 'R', owner: 'O' };
    const exempting = policyFrom({ exemptions: [{ ...exemption, expires: '2026-12-31' }] });
    const first = decideOn(1, [asRoot], { policy: exempting });
    expect(first).toMatchObject({ verdict: 'accepted' });
    const ended = { policy: exempting, now: '2027-01-01T00:00:00Z' };
    const second = decideOn(1, [asRoot], { ...ended, after: first });
    expect(second).toMatchObject({ verdict: 'accepted', policy: { tolerated: [{ rule: 'run-as-non-root' }] } });
    expect(decideOn(2, [asRoot, withReplicas(3)], { ...ended, after: second }).verdict).toBe('accepted');
  });
});

/** What the webhook answers to such changes is above; here nobody asked it. */
describe('what an exemption excused until its end, changed past the webhook', () => {
  const entry = { namespace: 'mcp', name: 'search', reason: 'R', owner: 'O', expires: '2026-12-31' };
  const exempting = policyFrom({
    exemptions: [
      { rule: 'run-as-non-root', ...entry },
      { rule: 'privileged', ...entry },
    ],
  });
  const ends: readonly (readonly [how: string, Pick<Round, 'policy' | 'now'>, said: string])[] = [
    ['on its day', { policy: exempting, now: '2027-01-01T00:00:00Z' }, 'exemptions[0] ended 2026-12-31'],
    ['out of the policy', { policy: builtInPolicy }, 'its exemption was removed'],
  ];
  const otherImage = withImage('ghcr.io/example/search:1.5.0');
  const changes: readonly (readonly [what: string, change: Option, verdict: Decision['verdict']])[] = [
    ['its labels', withMetadata({ labels: { team: 'search' } }), 'accepted'],
    ['its replicas', withReplicas(3), 'accepted'],
    ['its image', otherImage, 'invalid'],
    ['the labels of its pods', withRawSpec({ extraLabels: { team: 'search' } }), 'invalid'],
    ['a variable', withRawSpec({ config: { env: [{ name: 'A', value: 'b' }] } }), 'invalid'],
  ];

  describe.each(ends)('when it ended %s', (_how, ended, said) => {
    const excused = decideOn(1, [asRoot], { policy: exempting });
    const tolerated = decideOn(1, [asRoot], { ...ended, after: excused });

    it.each(changes)('is rolled out with changes of the server, not of its pods: %s', (_what, change, verdict) => {
      expect(decideOn(2, [asRoot, change], { ...ended, after: tolerated })).toMatchObject({ verdict });
    });

    it.each(changes)('is that, too, when it ended while nobody looked: %s', (_what, change, verdict) => {
      expect(decideOn(2, [asRoot, change], { ...ended, after: excused })).toMatchObject({ verdict });
    });

    it('stays as it runs, and status says which exemption it was', () => {
      const refused = decideOn(2, [asRoot, otherImage], { ...ended, after: tolerated });
      expect(refused).toMatchObject({
        verdict: 'invalid',
        actions: [],
        message: expect.stringMatching(
          /\[run-as-non-root\]; nothing is rolled out until then, what runs stays as it is$/,
        ),
      });
      expect(refused).toHaveProperty('message', expect.stringContaining(said));
      const again = decideOn(2, [asRoot, otherImage], { ...ended, after: refused });
      expect({ ...again, server: '' }).toEqual({ ...refused, server: '' });
    });

    it.each([
      ['seen', tolerated],
      ['not seen', excused],
    ])('is rolled out when the change is taken back, or mended: %s before', (_what, before) => {
      const refused = decideOn(2, [asRoot, otherImage], { ...ended, after: before });
      expect(refused.verdict).toBe('invalid');
      expect(decideOn(3, [asRoot], { ...ended, after: refused }).verdict).toBe('accepted');
      expect(decideOn(3, [otherImage], { ...ended, after: refused }).verdict).toBe('accepted');
    });

    it('is let back to what runs by the webhook as well, and to nothing else (it had to be mended)', async () => {
      const runs = decideOn(1, [asRoot], { ...ended, after: excused });
      const refused = decideOn(2, [asRoot, otherImage], { ...ended, after: runs });
      if (refused.verdict === 'retry') throw new Error('everything is there');
      const before = anMCPServer(asRoot, otherImage, statusAfter(refused));
      expect(await ask(anMCPServer(asRoot), { ...ended, before })).toMatchObject({
        ...{ decision: 'allowed', warnings: [expect.stringContaining('(not new)')] },
      });
      const another = anMCPServer(asRoot, withImage('ghcr.io/example/search:1.6.0'));
      expect((await ask(another, { ...ended, before })).decision).toBe('denied');
    });

    it('scales although it is a privilege, and nobody looked when it ended (it was refused)', () => {
      const privileged = withRawSpec({ runtime: { security: { securityContext: { privileged: true } } } });
      const before = decideOn(1, [privileged], { policy: exempting });
      expect(before).toMatchObject({ verdict: 'accepted' });
      const scaled = decideOn(2, [privileged, withReplicas(3)], { ...ended, after: before });
      expect(scaled).toMatchObject({ verdict: 'accepted', policy: { tolerated: [{ rule: 'privileged' }] } });
      const changed = decideOn(3, [privileged, withReplicas(3), otherImage], { ...ended, after: scaled });
      expect(changed.verdict).toBe('invalid');
    });
  });

  it('is let back by the webhook also where the change put another value at its place (it was refused)', async () => {
    const strict = { rules: { 'image-tag-pinned': { action: 'deny' } } };
    const excusing = policyFrom({ ...strict, exemptions: [{ rule: 'image-tag-pinned', ...entry }] });
    const ended = { policy: excusing, now: '2027-01-01T00:00:00Z' };
    const otherLatest = withImage('ghcr.io/example/other:latest');
    const runs = decideOn(1, [latest], { ...ended, after: decideOn(1, [latest], { policy: excusing }) });
    const refused = decideOn(2, [otherLatest], { ...ended, after: runs });
    if (refused.verdict !== 'invalid') throw new Error('it is another violation');
    const before = anMCPServer(otherLatest, statusAfter(refused));
    expect(await ask(anMCPServer(latest), { ...ended, before })).toMatchObject({
      ...{ decision: 'allowed', warnings: [expect.stringContaining('(not new)')] },
    });
    expect(decideOn(3, [latest], { ...ended, after: refused }).verdict).toBe('accepted');
    const withVariable = withRawSpec({ config: { env: [{ name: 'A', value: 'b' }] } });
    for (const another of [anMCPServer(latest, withVariable), anMCPServer(withImage('ghcr.io/example/third:latest'))])
      expect((await ask(another, { ...ended, before })).decision).toBe('denied');
    const forgotten = { ...refused.policy, tolerated: [] };
    const without = anMCPServer(otherLatest, statusAfter({ ...refused, policy: forgotten }));
    expect((await ask(anMCPServer(latest), { ...ended, before: without })).decision).toBe('denied');
  });

  it('is no concern as long as the exemption is there', () => {
    const before = decideOn(1, [asRoot], { policy: exempting });
    expect(decideOn(2, [asRoot, otherImage], { policy: exempting, after: before }).verdict).toBe('accepted');
  });

  it('but for replicas: more of them are not built, the same are', () => {
    const limit = { rules: { 'max-replicas': { action: 'deny', parameters: { max: 2 } } } };
    const excusing = policyFrom({ ...limit, exemptions: [{ rule: 'max-replicas', ...entry }] });
    const ended = { policy: excusing, now: '2027-01-01T00:00:00Z' };
    const before = decideOn(1, [withReplicas(4)], { policy: excusing });
    expect(before.verdict).toBe('accepted');
    expect(decideOn(2, [withReplicas(5)], { ...ended, after: before }).verdict).toBe('invalid');
    expect(decideOn(2, [withReplicas(2)], { ...ended, after: before }).verdict).toBe('accepted');
    const labelled = [withReplicas(4), withMetadata({ labels: { team: 'search' } })];
    expect(decideOn(2, labelled, { ...ended, after: before }).verdict).toBe('accepted');
  });
});

describe('what holds a roll-out back', () => {
  const fromConfigMap = withRawSpec({ config: { envFrom: [{ configMapRef: { name: 'settings' } }] } });

  it.each(['deny', 'warn', 'audit'])('does so whatever admission does with it: %s', (action) => {
    const policy = policyFrom({ rules: { 'config-map-exists': { action } } });
    expect(decideOn(1, [fromConfigMap], { policy })).toMatchObject({
      ...{ verdict: 'invalid', message: expect.stringContaining('[config-map-exists]') },
    });
  });

  it('is looked for again where nobody could tell, also where admission refuses that', () => {
    const policy = policyFrom({ rules: { 'config-map-exists': { action: 'deny' } } });
    const objects = { unknown: { 'ConfigMap/settings': 'timed out' } };
    expect(decideOn(1, [fromConfigMap], { policy, objects }).verdict).toBe('retry');
  });
});
