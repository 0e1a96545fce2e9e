import { describe, expect, it } from '@jest/globals';
import { anMCPServer } from '../testing/builders.ts';
import { expandedKinds } from './index.gen.ts';
import { askedGateway, askingFor } from './testing/asking.ts';
import type { ApiState } from '../engine/installation.ts';
import { isAsked, isOptional, lackOf, stateOf, usableKinds } from './optional-kind.ts';

const distinct = (values: readonly unknown[]): number => new Set(values).size;
const optional = expandedKinds.filter(isOptional);

describe('the kinds', () => {
  it('are told apart by their name, their place among failures and what is said of them', () => {
    for (const name of ['kind', 'plural'] as const)
      expect(distinct(expandedKinds.map((of) => of[name]))).toBe(expandedKinds.length);
    const said = expandedKinds.map(({ unavailable }) => unavailable);
    expect(distinct(said.map(({ reason }) => reason))).toBe(expandedKinds.length);
    expect(distinct(said.map(({ order }) => order))).toBe(expandedKinds.length);
  });

  it('fail in the words of their name', () => {
    for (const { kind, unavailable } of expandedKinds)
      expect(unavailable).toMatchObject({ reason: `${kind}Unavailable`, eventAction: `${kind}ReconcileFailed` });
  });

  it('that a cluster may lack can be deleted, and are built for whoever asks, and nobody else', () => {
    expect(optional).not.toEqual([]);
    for (const of of optional) expect(of.wanted).toBe('sometimes');
    const asked = optional.filter(isAsked);
    expect(asked).not.toEqual([]);
    for (const of of asked) {
      const { asking } = of.requirement;
      const server = anMCPServer(askingFor(of.kind));
      expect([asking.isAskedFor(server), of.build({ server, gateway: askedGateway }).length]).toEqual([true, 1]);
      expect([asking.isAskedFor(anMCPServer()), of.build({ server: anMCPServer() })]).toEqual([false, []]);
    }
  });

  it('that report a verdict are built of one only, whoever asks', () => {
    const reporting = expandedKinds.filter(({ isOfVerdict }) => isOfVerdict === true);
    expect(reporting).not.toEqual([]);
    const verdict = { findings: [], rules: 1, apis: new Map() };
    for (const of of reporting) {
      expect(of.build({ server: anMCPServer() })).toEqual([]);
      expect(of.build({ server: anMCPServer(), verdict })).toHaveLength(1);
    }
  });

  it('that a cluster may lack are used only where they are known to be there', () => {
    for (const state of ['off', 'absent', 'unknown', 'served'] as const) {
      const usable = usableKinds(optional, new Map(optional.map(({ kind }) => [kind, state])));
      expect(usable).toEqual(state === 'served' ? optional : []);
    }
    expect(usableKinds(expandedKinds, new Map())).toEqual(expandedKinds.filter((of) => !isOptional(of)));
  });

  it('that are in the place of another one are used only where that is known to be there or not', () => {
    const inPlace = optional.filter(({ requirement }) => requirement.insteadOf !== undefined);
    expect(inPlace).not.toEqual([]);
    for (const of of inPlace) {
      const { insteadOf = '' } = of.requirement;
      expect(expandedKinds.map(({ kind }) => kind)).toContain(insteadOf);
      const usable = (other: 'absent' | 'unknown' | 'served'): number =>
        usableKinds(
          [of],
          new Map([
            [of.kind, 'served' as const],
            [insteadOf, other],
          ]),
        ).length;
      expect([usable('absent'), usable('unknown'), usable('served')]).toEqual([1, 0, 1]);
    }
  });

  it('that another one tells of are used only where that is', () => {
    const told = optional.filter(({ requirement }) => requirement.beside !== undefined);
    expect(told).not.toEqual([]);
    for (const of of told) {
      const { beside = '' } = of.requirement;
      expect(expandedKinds.map(({ kind }) => kind)).toContain(beside);
      const usable = (state: ApiState): number =>
        usableKinds(
          [of],
          new Map<string, ApiState>([
            [of.kind, 'served'],
            [beside, state],
          ]),
        ).length;
      expect([usable('off'), usable('absent'), usable('unknown'), usable('served')]).toEqual([0, 0, 0, 1]);
    }
  });

  it('are not used where one is missing further along: no registration without bindings, whatever else is there', () => {
    const without = (missing: string): readonly string[] =>
      usableKinds(optional, {
        get: (kind) => (kind === missing ? 'absent' : 'served'),
      }).map(({ kind }) => kind);
    expect(without('')).toEqual(expect.arrayContaining(['MCPGatewayBinding', 'HTTPRoute', 'MCPServerRegistration']));
    const routed = ['HTTPRoute', 'MCPServerRegistration'];
    expect(without('MCPGatewayBinding').filter((kind) => routed.includes(kind))).toEqual([]);
    expect(without('HTTPRoute').filter((kind) => routed.includes(kind))).toEqual([]);
    expect(without('MCPServerRegistration')).toContain('HTTPRoute');
  });

  it('that are missing say how to get them', () => {
    for (const of of optional) {
      expect(lackOf(of, stateOf(of, new Map([[of.kind, 'served']])))).toBeUndefined();
      expect(lackOf(of, 'off')).toMatchObject({
        reason: 'FeatureDisabled',
        fix: expect.stringContaining(`${of.requirement.feature}.enabled=true`),
      });
      expect(lackOf(of, 'absent')).toMatchObject({
        reason: 'APINotInstalled',
        what: expect.stringContaining(of.apiVersion),
        fix: expect.stringContaining(of.requirement.install),
      });
    }
  });
});
