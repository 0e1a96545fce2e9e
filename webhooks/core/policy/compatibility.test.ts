import { describe, expect, it } from '@jest/globals';
import type { PolicyEntry } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import { rules } from '../rules/index.gen.ts';
import { namedUnderReference } from './compatibility.ts';
import { policyApiVersion, policyKind } from './document.ts';
import { readPolicy } from './read-policy.ts';

function entriesUnder(document: Readonly<Record<string, unknown>>): ReadonlyMap<string, PolicyEntry> {
  const read = readPolicy({ apiVersion: policyApiVersion, kind: policyKind, ...document }, rules);
  if (read.type === 'unusable') throw new Error(JSON.stringify(read.problems));
  return new Map(read.policy.entriesFor('tools').map((entry) => [entry.rule.id, entry]));
}

const reference = { compatibility: { profile: 'reference' } };
const byDefault = entriesUnder({});
const underReference = entriesUnder(reference);

/** What no manifest of the reference operator can have, and what would let somebody act as us. */
function goesOnRefusing({ id, isMandatory }: Rule): boolean {
  const ofExtensions = ['claims-valid', 'scheduling-valid', 'stdio-command-required'];
  const ofMetrics = ['metrics-from-effective', 'metrics-port-exists'];
  const ofAutoscaling = ['autoscaling-valid', 'scale-to-zero-wakes'];
  const ofOthers = ['ingress-allowed', 'ingress-valid', 'stdio-settings-usable'];
  const ofEgress = ['egress-hosts-enforced', 'egress-hosts-valid'];
  const all = [...ofExtensions, ...ofMetrics, ...ofAutoscaling, ...ofEgress, ...ofOthers];
  return isMandatory === true || all.includes(id);
}

describe('under compatibility.profile reference', () => {
  it.each(
    rules
      .filter(({ severity, isOptIn }) => severity === 'deny' && isOptIn !== true)
      .map((rule) => [rule.id, rule] as const),
  )('what %s would refuse is let in with a warning, unless only we could have it', (id, rule) => {
    expect(underReference.get(id)?.severity).toBe(goesOnRefusing(rule) ? 'deny' : 'warn');
    expect(byDefault.get(id)?.severity).toBe('deny');
  });

  it('what its conditions tell stops a roll-out, and what it does not look at does not', () => {
    const differ = [...underReference.values()].filter(
      ({ rule, holdsBack }) => holdsBack !== byDefault.get(rule.id)?.holdsBack,
    );
    expect(Object.fromEntries(differ.map(({ rule, holdsBack }) => [rule.id, holdsBack]))).toEqual({
      'config-map-key-exists': false,
      'network-peers-valid': true,
      'network-ports-valid': true,
      'references-named': true,
      'secret-key-exists': false,
      'tls-trust-exclusive': true,
    });
  });

  it('what the policy says of a rule still counts, also of one that judges only where it is asked to', () => {
    const named = entriesUnder({
      ...reference,
      rules: { privileged: { action: 'deny' }, 'image-digest': {}, 'run-as-non-root': { action: 'off' } },
    });
    expect(named.get('privileged')?.severity).toBe('deny');
    expect(named.get('image-digest')?.severity).toBe('deny');
    expect(named.has('run-as-non-root')).toBe(false);
  });

  it('the other profile of a policy still counts: audit-only warns about nothing', () => {
    const { severity } = entriesUnder({ ...reference, extends: 'audit-only' }).get('privileged') ?? {};
    expect(severity).toBe('audit');
  });
});

it('the table names rules that exist', () => {
  const ids = rules.map(({ id }) => id);
  expect(namedUnderReference.filter((id) => !ids.includes(id))).toEqual([]);
});

it('a profile that does not exist makes a policy unusable', () => {
  const document = { apiVersion: policyApiVersion, kind: policyKind, compatibility: { profile: 'strict' } };
  expect(readPolicy(document, rules)).toMatchObject({
    type: 'unusable',
    problems: [{ path: ['compatibility', 'profile'], headline: 'has to be one of default, reference' }],
  });
});
