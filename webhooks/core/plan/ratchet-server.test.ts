import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../engine/finding.ts';
import type { Condition, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { anMCPServer, withGeneration, withSpec, withStatus, withUid } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { maxTolerated, ratchetServer } from './ratchet-server.ts';
import type { RatchetedServer, RatchetInput } from './ratchet-server.ts';
import { aChild } from './testing/a-child.ts';

const ofImage: Finding = {
  ...{ ruleId: 'image', severity: 'deny', path: ['spec', 'source', 'containerImage', 'ref'] },
  ...{ headline: 'bad image', detail: 'found it', remedy: 'Use another.' },
};
const ofPort: Finding = { ...ofImage, ruleId: 'port', path: ['spec', 'config', 'port'], headline: 'bad port' };
const ofArgument = (index: number): Finding => ({ ...ofImage, path: ['spec', 'config', 'arguments', index] });

const ofPrivilege: Finding = { ...ofImage, ruleId: 'privileged', path: ['spec', 'runtime'], headline: 'privileged' };
const rules: RatchetInput['rules'] = [{ id: 'image' }, { id: 'port' }, { id: 'privileged', isAboutPrivileges: true }];

const numbers = new Map<string, number>();

/** Short, as status wants it, and equal for equal texts only. */
function digest(text: string): string {
  const number = numbers.get(text) ?? numbers.size;
  numbers.set(text, number);
  return `#${number}`;
}

const runs = [aChild({ uid: 'u-1' })];

function judge(
  options: readonly Option[],
  findings: readonly Finding[],
  change: Partial<RatchetInput> = {},
): RatchetedServer {
  const server = anMCPServer(withUid('u-1'), withGeneration(1), ...options);
  return ratchetServer({ server, findings, rules, policyVersion: { revision: 1 }, digest, observed: [], ...change });
}

/** What status says after the judgement of that generation. */
function after(judged: RatchetedServer, observedGeneration: number): Option {
  return withStatus({ observedGeneration, extensions: { policy: judged.policy } });
}

const ids = (findings: readonly Finding[]): readonly string[] => findings.map(({ ruleId }) => ruleId);

const clean = judge([], []);
const tolerant = judge([], [ofImage], { observed: runs });
/** Of a release in which all of them became stricter. */
const inRevision = (revision: number): Partial<RatchetInput> => ({
  policyVersion: { revision },
  rules: rules.map((rule) => ({ ...rule, stricterIn: revision })),
});
const newRules = inRevision(2);

describe('a server that was never judged', () => {
  it('is refused for what is found in it', () => {
    const judged = judge([], [ofImage, ofPort]);
    expect(ids(judged.enforced)).toEqual(['image', 'port']);
    expect(judged.policy).toEqual({ revision: 1 });
  });

  it('is tolerated when it runs already: it was there before us', () => {
    expect(tolerant.enforced).toEqual([]);
    expect(tolerant.policy).toMatchObject({
      revision: 1,
      generation: 1,
      tolerated: [{ rule: 'image', path: 'spec.source.containerImage.ref', message: 'bad image' }],
    });
  });

  it('is refused for a hundred thousand findings without a digest of each', () => {
    let digests = 0;
    const counting = (text: string): string => {
      digests += 1;
      return digest(text);
    };
    const findings = Array.from({ length: 100_000 }, (_, index) => ofArgument(index));
    expect(judge([], findings, { digest: counting }).enforced).toHaveLength(100_000);
    expect(digests).toBe(0);
  });

  it('is not tolerated for what somebody else runs under its name', () => {
    expect(ids(judge([], [ofImage], { observed: [aChild({ uid: 'another' })] }).enforced)).toEqual(['image']);
  });

  it.each([
    ['refused', 'False', 1, ['image']],
    ['refused in an earlier generation', 'False', 0, []],
    ['accepted', 'True', 1, []],
  ] as const)('and that an earlier reconciler %s', (_, status, observedGeneration, enforced) => {
    const said: Condition = {
      ...{ type: 'Accepted', status, observedGeneration, reason: 'Invalid', message: '' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const before: MCPServerStatus = { observedGeneration, conditions: [said] };
    expect(ids(judge([withStatus(before)], [ofImage], { observed: runs }).enforced)).toEqual(enforced);
  });
});

describe('a server that was accepted', () => {
  it.each<[string, readonly Option[], Partial<RatchetInput>, readonly string[]]>([
    ['new rules', [after(clean, 1)], newRules, []],
    ['rules that learned something under the same name', [after(clean, 1)], {}, []],
    ['a change of the server', [after(clean, 1), withGeneration(2)], {}, ['image']],
    ['new rules and a change at once', [after(clean, 1), withGeneration(2)], newRules, []],
    ['a change that leaves it', [after(tolerant, 1), withGeneration(2)], {}, []],
    ['a change of it', [after(tolerant, 1), withGeneration(2), withSpec(image('other:1'))], {}, ['image']],
  ])('is refused only for changes: %s', (_, options, change, enforced) => {
    const judged = judge(options, [ofImage], change);
    expect(ids(judged.enforced)).toEqual(enforced);
  });

  describe('and finds a privilege', () => {
    const tolerantOfPrivilege = judge([], [ofPrivilege], { observed: runs });

    it.each<[string, readonly Option[], Partial<RatchetInput>, readonly string[]]>([
      ['came unseen in an upgrade', [after(clean, 1), withGeneration(2)], newRules, ['privileged']],
      [
        'came unseen in an upgrade of one that runs',
        [after(clean, 1), withGeneration(2)],
        { ...newRules, observed: runs },
        ['privileged'],
      ],
      ['was listed before a change in an upgrade', [after(tolerantOfPrivilege, 1), withGeneration(2)], newRules, []],
      ['came with the upgrade alone', [after(clean, 1)], newRules, []],
    ])('that %s', (_, options, change, enforced) => {
      expect(ids(judge(options, [ofImage, ofPrivilege], change).enforced).filter((id) => id !== 'image')).toEqual(
        enforced,
      );
    });

    it('holds up nobody who takes it back, whatever else the upgrade brought', () => {
      const refused = judge([after(clean, 1), withGeneration(2)], [ofImage, ofPrivilege], newRules);
      expect(ids(refused.enforced)).toEqual(['privileged']);
      const again = judge([after(refused, 2), withGeneration(2)], [ofImage, ofPrivilege], newRules);
      expect(again).toEqual(refused);
      expect(judge([after(refused, 2), withGeneration(3)], [ofImage], newRules).enforced).toEqual([]);
    });

    it('remembers what the change had corrected, for when it is taken back', () => {
      const refused = judge([after(tolerant, 1), withGeneration(2)], [ofPort, ofPrivilege], newRules);
      expect(refused.policy).toMatchObject({ generation: 1, tolerated: [{ rule: 'image' }, { rule: 'port' }] });
      expect(judge([after(refused, 2), withGeneration(3)], [ofImage], newRules).enforced).toEqual([]);
    });

    it('goes on refusing it after the next upgrade', () => {
      const refused = judge([after(clean, 1), withGeneration(2)], [ofPrivilege], newRules);
      const judged = judge([after(refused, 2), withGeneration(2)], [ofPrivilege], inRevision(3));
      expect(ids(judged.enforced)).toEqual(['privileged']);
    });
  });

  it('is refused for what a change adds to what is tolerated; status still speaks about what runs', () => {
    const judged = judge([after(tolerant, 1), withGeneration(2)], [ofImage, ofPort]);
    expect(ids(judged.enforced)).toEqual(['port']);
    expect(judged.policy).toBe(tolerant.policy);
  });

  it('forgets what is gone: it is new when it comes back', () => {
    const fixed = judge([after(tolerant, 1), withGeneration(2)], []);
    expect(fixed.policy).toEqual({ revision: 1, generation: 2 });
    expect(ids(judge([after(fixed, 2), withGeneration(3)], [ofImage]).enforced)).toEqual(['image']);
  });

  it('is judged alike by every look', () => {
    expect(judge([after(tolerant, 1)], [ofImage])).toEqual(tolerant);
  });

  it('is not held up by warnings', () => {
    expect(judge([], [{ ...ofImage, severity: 'warn' }])).toEqual({
      enforced: [],
      policy: { revision: 1, generation: 1 },
    });
  });
});

describe('a server that was changed while the rules were', () => {
  const withVersion = (policyVersion: RatchetInput['policyVersion']): Partial<RatchetInput> => ({ policyVersion });
  const onlyThePort: Partial<RatchetInput> = {
    ...withVersion({ revision: 2 }),
    rules: rules.map((rule) => (rule.id === 'port' ? { ...rule, stricterIn: 2 } : rule)),
  };
  const changed = (policy: RatchetedServer['policy']): readonly Option[] => [
    withStatus({ observedGeneration: 1, extensions: { policy: { ...policy, generation: 1 } } }),
    withGeneration(2),
  ];

  it.each<[string, RatchetedServer['policy'], Partial<RatchetInput>, readonly string[]]>([
    ['a release without a stricter rule', { revision: 1 }, withVersion({ revision: 1 }), ['image', 'port']],
    ['a release in which one rule is stricter', { revision: 1 }, onlyThePort, ['image']],
    ['the release after it, in which none is', { revision: 2 }, onlyThePort, ['image', 'port']],
    [
      'a release that it skipped, in which one was',
      { revision: 1 },
      { ...onlyThePort, ...withVersion({ revision: 5 }) },
      ['image'],
    ],
    ['a release of which it remembers more than this one knows', { revision: 3 }, onlyThePort, []],
    [
      'a policy that begins to say something of one',
      { revision: 1 },
      withVersion({ revision: 1, digests: { port: 'a' } }),
      ['image'],
    ],
    [
      'a policy that says something else of one',
      { revision: 1, digests: { image: 'a', port: 'a' } },
      withVersion({ revision: 1, digests: { image: 'a', port: 'b' } }),
      ['image'],
    ],
    [
      'a policy that says nothing of one any more',
      { revision: 1, digests: { image: 'a', port: 'a' } },
      withVersion({ revision: 1, digests: { image: 'a' } }),
      ['image'],
    ],
    ['an upgrade from a release that kept one digest of all', { digest: 'd' }, withVersion({ revision: 1 }), []],
  ])('is refused for what no rule that demands more has found: %s', (_, policy, change, enforced) => {
    expect(ids(judge(changed(policy), [ofImage, ofPort], change).enforced)).toEqual(enforced);
  });

  it.each<[string, RatchetedServer['policy'], Partial<RatchetInput>]>([
    ['a downgrade', { revision: 3 }, {}],
    ['an upgrade from a release that kept one digest of all', { digest: 'd' }, {}],
    ['a policy about that rule', { revision: 1 }, withVersion({ revision: 1, digests: { privileged: 'a' } })],
  ])('is refused for a privilege all the same, after %s', (_, policy, change) => {
    expect(ids(judge(changed(policy), [ofPrivilege], change).enforced)).toEqual(['privileged']);
  });

  it('remembers by what it was judged, and a digest of all no longer', () => {
    const version = { revision: 2, digests: { port: 'b' } };
    expect(judge(changed({ digest: 'd' }), [], withVersion(version)).policy).toEqual({ ...version, generation: 2 });
  });

  it('lists what the stricter rule found, also while another one holds it up', () => {
    const { policy } = judge(changed({ revision: 1 }), [ofImage, ofPort], onlyThePort);
    expect(policy).toMatchObject({ revision: 1, generation: 1, tolerated: [{ rule: 'port' }] });
    const corrected = [withStatus({ observedGeneration: 2, extensions: { policy } }), withGeneration(3)];
    expect(judge(corrected, [ofPort], onlyThePort).enforced).toEqual([]);
  });
});

describe('a field that the release before did not know', () => {
  const ofIngress: Finding = { ...ofImage, ruleId: 'ingress', path: ['spec', 'extensions', 'ingress', 'host'] };
  const acceptedBy = (policy: RatchetedServer['policy']): Option =>
    withStatus({ observedGeneration: 1, extensions: { policy: { ...policy, generation: 1 } } });
  const upgraded = (more: Partial<RatchetInput> = {}): Partial<RatchetInput> => ({
    ...{ policyVersion: { revision: 12 }, observed: runs },
    rules: [...rules, { id: 'ingress', stricterIn: 11 }],
    ...more,
  });

  it.each<[string, RatchetedServer['policy'], number, readonly string[]]>([
    ['and that accepted the server with it', { revision: 10 }, 1, ['ingress']],
    ['and that knew no revisions', { digest: 'd' }, 1, ['ingress']],
    ['in a server that was changed besides', { revision: 10 }, 2, ['ingress', 'image']],
    ['but that one which knew it has accepted', { revision: 11 }, 1, []],
  ])('was judged by nobody, %s', (_, policy, generation, enforced) => {
    const options = [acceptedBy(policy), withGeneration(generation)];
    const judged = judge(options, [ofIngress, ofImage], upgraded());
    expect(ids(judged.enforced).toSorted()).toEqual([...enforced].toSorted());
  });

  it('stays refused until it is corrected, and what was there before does not', () => {
    const refused = judge([acceptedBy({ revision: 10 })], [ofIngress, ofImage], upgraded());
    expect(refused.policy).toMatchObject({ revision: 10, generation: 1, tolerated: [{ rule: 'image' }] });
    expect(judge([after(refused, 1)], [ofIngress, ofImage], upgraded())).toEqual(refused);
    const corrected = judge([after(refused, 1), withGeneration(2)], [ofImage], upgraded());
    expect(corrected.enforced).toEqual([]);
    expect(corrected.policy).toMatchObject({ revision: 12, generation: 2 });
  });
});

describe('a change that was refused', () => {
  const refused = judge([after(tolerant, 1), withGeneration(2)], [ofImage, ofPort]);

  it.each<[string, readonly Option[], Partial<RatchetInput>]>([
    ['later', [withGeneration(2)], {}],
    ['by new rules', [withGeneration(2)], newRules],
    ['after the next change', [withGeneration(3)], {}],
    ['by new rules after the next change', [withGeneration(3)], newRules],
    ['although it runs', [withGeneration(3)], { ...newRules, observed: runs }],
  ])('stays refused %s', (_, options, change) => {
    const judged = judge([after(refused, 2), ...options], [ofImage, ofPort], change);
    expect(ids(judged.enforced)).toEqual(['port']);
    expect(judged.policy).toBe(refused.policy);
  });

  it('can be taken back', () => {
    const judged = judge([after(refused, 2), withGeneration(3)], [ofImage]);
    expect(judged.enforced).toEqual([]);
    expect(judged.policy).toMatchObject({ generation: 3, tolerated: [{ rule: 'image' }] });
  });

  it('stays refused when nothing was ever accepted', () => {
    const never = judge([], [ofPort]);
    expect(
      ids(judge([after(never, 1), withGeneration(2)], [ofPort], { ...newRules, observed: runs }).enforced),
    ).toEqual(['port']);
  });
});

describe('what an earlier release tolerated, with fingerprints of what it said', () => {
  const ofEarlier = (policy: RatchetedServer['policy']): RatchetedServer['policy'] => ({
    ...policy,
    tolerated: (policy.tolerated ?? []).map((entry) => ({ ...entry, fingerprint: digest(entry.message) })),
  });
  const earlier: RatchetedServer = { ...tolerant, policy: ofEarlier(tolerant.policy) };
  const reworded: Finding = { ...ofImage, headline: 'said otherwise', detail: 'in other words' };

  it.each<[string, readonly Option[]]>([
    ['after an upgrade', [after(earlier, 1)]],
    ['of a server that was changed meanwhile', [after(earlier, 1), withGeneration(2)]],
    ['while a change is refused', [after(earlier, 2), withGeneration(3)]],
  ])('is recognised by its rule and its path, in whatever words: %s', (_, options) => {
    expect(judge(options, [reworded], newRules).enforced).toEqual([]);
  });

  describe('about a privilege', () => {
    const privileged: RatchetedServer = {
      ...tolerant,
      policy: ofEarlier(judge([], [ofPrivilege], { observed: runs }).policy),
    };
    const ofAnother: Finding = { ...ofPrivilege, headline: 'another privilege at that path' };

    it.each<[string, readonly Option[]]>([
      ['during the upgrade', [after(privileged, 1), withGeneration(2)]],
      ['while a change is refused', [after(privileged, 2), withGeneration(3)]],
    ])('does not excuse what was put at its path past the webhook %s', (_, options) => {
      expect(ids(judge(options, [ofAnother], newRules).enforced)).toEqual(['privileged']);
    });

    it('is recognised in a server that nobody changed, and is compared by its value from then on', () => {
      const once = judge([after(privileged, 1)], [ofAnother], newRules);
      expect(once.enforced).toEqual([]);
      const next = [after(once, 1), withGeneration(2)];
      expect(judge(next, [ofPrivilege], newRules).enforced).toEqual([]);
      const changed = judge([...next, withSpec({ runtime: { replicas: 2 } })], [ofPrivilege], newRules);
      expect(ids(changed.enforced)).toEqual(['privileged']);
    });
  });

  it('is compared by its value from then on', () => {
    const once = judge([after(earlier, 1), withGeneration(2)], [reworded], newRules);
    expect(once.policy.tolerated?.map((entry) => entry.fingerprint)).toEqual(
      tolerant.policy.tolerated?.map((entry) => entry.fingerprint),
    );
    const changed = judge([after(once, 2), withGeneration(3), withSpec(image('other:1'))], [reworded], newRules);
    expect(ids(changed.enforced)).toEqual(['image']);
  });

  it('is remembered so while something else is refused, and what is not there now waits', () => {
    const both: RatchetedServer = {
      ...tolerant,
      policy: ofEarlier(judge([], [ofImage, ofPort], { observed: runs }).policy),
    };
    const refused = judge([after(both, 2), withGeneration(3)], [reworded, ofPrivilege], newRules);
    expect(ids(refused.enforced)).toEqual(['privileged']);
    const [image, port] = refused.policy.tolerated ?? [];
    expect(image?.fingerprint).toBe(tolerant.policy.tolerated?.[0]?.fingerprint);
    expect(port).toEqual(both.policy.tolerated?.[1]);
    const again = judge([after(refused, 3), withGeneration(3)], [reworded, ofPrivilege], newRules);
    expect(again.policy).toEqual(refused.policy);
    expect(judge([after(refused, 3), withGeneration(4)], [reworded, ofPort], newRules).enforced).toEqual([]);
  });

  it('excuses one finding for each entry, and none of another rule or place', () => {
    const elsewhere: Finding = { ...reworded, path: ['spec', 'config', 'path'] };
    const judged = judge([after(earlier, 2), withGeneration(3)], [reworded, reworded, elsewhere, ofPort], newRules);
    expect(judged.enforced).toHaveLength(3);
  });
});

describe('what is tolerated', () => {
  const words = Array.from({ length: maxTolerated + 3 }, (_, index) => `word-${index}`);
  const withWords = withSpec({ config: { arguments: words } });
  const all = words.map((_, index) => ofArgument(index));
  const judged = judge([withWords], all, { observed: runs });

  it('is listed up to a limit', () => {
    expect(judged.policy.tolerated).toHaveLength(maxTolerated);
    expect(judged.policy.toleratedNotListed).toBe(3);
  });

  it('beyond the limit is tolerated until the server changes', () => {
    expect(judge([withWords, after(judged, 1)], all)).toEqual(judged);
    expect(judge([withWords, after(judged, 1), withGeneration(2)], all).enforced).toHaveLength(3);
  });

  it('is told on one line of limited length', () => {
    const loud = { ...ofImage, headline: `a\n${'h'.repeat(500)}`, path: ['spec', 'x'.repeat(500)] };
    const [entry] = judge([], [loud], { observed: runs }).policy.tolerated ?? [];
    expect(entry?.message).toHaveLength(100);
    expect(entry?.path).toHaveLength(200);
    expect(entry?.message).not.toContain('\n');
  });
});

function image(ref: string): { readonly source: { readonly containerImage: { readonly ref: string } } } {
  return { source: { containerImage: { ref } } };
}
