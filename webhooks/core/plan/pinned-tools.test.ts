import { describe, expect, it } from '@jest/globals';
import { writeListed } from '../contract/listed-tools.ts';
import type { MCPServer, MCPServerStatus, ToolContractSettings } from '../mcpserver/types.gen.ts';
import { anMCPServer, withGeneration, withSpec } from '../testing/builders.ts';
import { nextEvents } from './events.ts';
import type { ToolsSeen, Verification } from './observed.ts';
import { nextStatus } from './status.ts';
import { acceptAnnotation } from './tool-demands.ts';

const [first, other, third] = ['1', '2', '3'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];
const pin: ToolContractSettings = { mode: 'Pin' };

function aServer(toolContract: ToolContractSettings, accept?: string, generation = 2): MCPServer {
  const server = anMCPServer(withGeneration(generation), withSpec({ extensions: { toolContract } }));
  const annotations = accept === undefined ? {} : { annotations: { [acceptAnnotation]: accept } };
  return { ...server, metadata: { ...server.metadata, ...annotations } };
}

const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
const serverInfo = { name: 'search', version: '1', protocolVersion: '2026-07-28', capabilities };
const wantsCredentials: Verification = { state: 'auth-required', statusCode: 401 };

function lists(tools: ToolsSeen | undefined, notCounted?: string): Verification {
  const listed = { ...(tools === undefined ? {} : { tools }), ...(notCounted === undefined ? {} : { notCounted }) };
  return { state: 'verified', era: 'stateless', serverInfo, offers: {}, ...listed };
}

function seen(digest: string, more: { readonly writes?: readonly string[]; readonly hidden?: number } = {}): ToolsSeen {
  const { writes = [], hidden } = more;
  const tool = { interface: '01234567', wording: '89abcdef', destructive: false, openWorld: false };
  const read = { ...tool, name: 'search', readOnly: true };
  const listed = writeListed([read, ...writes.map((name) => ({ ...tool, name, readOnly: false }))]);
  return {
    digest,
    listed,
    truncated: hidden === undefined ? 0 : 40,
    ...(hidden === undefined ? {} : { truncatedNotReadOnly: hidden }),
  };
}

/** One round after another of the same server. */
function rounds() {
  let status: MCPServerStatus | undefined;
  const events: string[] = [];
  const round = (server: MCPServer, verification: Verification, servedGeneration = server.metadata.generation) => {
    const { generation } = server.metadata;
    const next = nextStatus({
      ...{ server, previous: status, accepted: { state: 'valid' }, serviceExists: true, verification },
      ...{ clusterDomain: 'cluster.local', now: '2026-01-01T00:00:00Z' },
      serving: { generation: servedGeneration, podSet: 'a', isRolling: servedGeneration !== generation },
      ...(servedGeneration === undefined ? {} : { answeredBy: { generation: servedGeneration, podSet: 'a' } }),
      deployment: {
        ...{ generation: 1, observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
        conditions: [{ type: 'Available', status: 'True' }],
      },
    });
    const told = nextEvents({ spec: server.spec, previous: status }, next, 'serves');
    events.push(...told.map(({ type, reason }) => `${type} ${reason}`));
    status = next;
    const verified = next.conditions?.find(({ type }) => type === 'Verified');
    return `${verified?.status ?? ''}/${verified?.reason ?? ''}`;
  };
  return {
    round,
    events,
    current: () => status,
    accepted: () => status?.extensions?.tools?.accepted,
    message: (type = 'Verified') => status?.conditions?.find((one) => one.type === type)?.message ?? '',
  };
}

describe('pinned tools', () => {
  it('are those that were listed first, until others are accepted by their exact digest', () => {
    const t = rounds();
    expect(t.round(aServer(pin), lists(seen(first)))).toBe('True/Verified');
    expect(t.accepted()).toBe(first);
    expect(t.round(aServer(pin), lists(seen(other)))).toBe('False/ToolContractChanged');
    expect(t.message()).toContain(`found ${other}, accepted is ${first}`);
    expect(t.message()).toContain(acceptAnnotation);
    expect(t.message()).toMatch(
      /; its pods are untouched\. .* \(mcp-lifecycle contract get mcpserver\/\S+ shows them\)/,
    );
    for (const blind of ['true', '', `${other} `, other.slice(0, 20), third]) {
      expect(t.round(aServer(pin, blind), lists(seen(other)))).toBe('False/ToolContractChanged');
    }
    expect(t.accepted()).toBe(first);
    expect(t.round(aServer(pin, other), lists(seen(other)))).toBe('True/Verified');
    expect(t.accepted()).toBe(other);
    expect(t.round(aServer(pin), lists(seen(other)))).toBe('True/Verified');
    expect(t.round(aServer(pin), lists(seen(first)))).toBe('False/ToolContractChanged');
  });

  it('are told once as an event, and again for another digest', () => {
    const t = rounds();
    t.round(aServer(pin), lists(seen(first)));
    const told = (): number => t.events.filter((event) => event === 'Warning ToolContractChanged').length;
    t.round(aServer(pin), lists(seen(other)));
    t.round(aServer(pin), lists(seen(other)));
    expect(told()).toBe(1);
    t.round(aServer(pin), lists(seen(third)));
    expect(told()).toBe(2);
  });

  it('leave the address, what the server is and its digest in status, and Ready says why', () => {
    const t = rounds();
    t.round(aServer(pin), lists(seen(first)));
    t.round(aServer(pin), lists(seen(other)));
    expect(t.current()).toMatchObject({
      ...{ address: { url: expect.any(String) }, serverInfo, phase: 'Failed' },
      extensions: { tools: { digest: other, accepted: first } },
    });
    expect(t.message('Ready')).toContain(`found ${other}`);
  });

  it('are those of the spec, whatever was first or is annotated', () => {
    const t = rounds();
    const ofSpec = { ...pin, digest: third };
    expect(t.round(aServer(ofSpec), lists(seen(first)))).toBe('False/ToolContractChanged');
    expect(t.accepted()).toBeUndefined();
    expect(t.round(aServer(ofSpec, first), lists(seen(first)))).toBe('False/ToolContractChanged');
    expect(t.message()).toContain('set spec.extensions.toolContract.digest to');
    expect(t.round(aServer(ofSpec), lists(seen(third)))).toBe('True/Verified');
  });

  it('are those of before while pods of the generation before serve (a digest for the next version failed what served)', () => {
    const t = rounds();
    t.round(aServer({ ...pin, digest: first }), lists(seen(first)));
    const next = aServer({ ...pin, digest: other }, undefined, 3);
    expect(t.round(next, lists(seen(first)), 2)).toBe('True/Verified');
    expect(t.accepted()).toBe(first);
    expect(t.round(next, lists(seen(third)), 2)).toBe('False/ToolContractChanged');
    expect(t.round(next, lists(seen(other)), 3)).toBe('True/Verified');
    expect(t.accepted()).toBe(other);
  });

  it('are not green where nobody can list them (AuthSkipped was True)', () => {
    const t = rounds();
    expect(t.round(aServer({ mode: 'Observe' }), wantsCredentials)).toBe('True/AuthSkipped');
    expect(t.round(aServer(pin), wantsCredentials)).toBe('Unknown/ToolContractUnknown');
    expect(t.message()).toBe(
      'It is not known whether its tools are the accepted ones: all that it answers is that it wants credentials',
    );
    expect(t.events).toContain('Warning ToolContractUnknown');
    expect(t.round(aServer(pin), lists(undefined, 'tools/list failed: HTTP 500'))).toBe('Unknown/ToolContractUnknown');
    expect(t.message()).toContain('tools/list failed: HTTP 500');
  });

  it('are changed ones where they have no digest any more, and unknown ones where they never had any', () => {
    const unstable: ToolsSeen = { reason: 'ContractUnstable', why: 'two lists of its tools in a row differ' };
    const t = rounds();
    expect(t.round(aServer(pin), lists(unstable))).toBe('Unknown/ToolContractUnknown');
    t.round(aServer(pin), lists(seen(first)));
    expect(t.round(aServer(pin), lists(unstable))).toBe('False/ToolContractChanged');
    expect(t.message()).toContain('they have no digest now (ContractUnstable)');
    expect(t.accepted()).toBe(first);
    const brokenOff: ToolsSeen = { reason: 'ContractUnreadable', why: 'its answer ended before it was complete' };
    expect(t.round(aServer(pin), lists(brokenOff))).toBe('Unknown/ToolContractUnknown');
  });

  it('are forgotten by a server that only observes', () => {
    const t = rounds();
    t.round(aServer(pin), lists(seen(first)));
    t.round(aServer({ mode: 'Observe' }), { state: 'not-attempted' });
    expect(t.accepted()).toBeUndefined();
    expect(t.round(aServer(pin), lists(seen(other)))).toBe('True/Verified');
  });

  it('are listed anew before they are judged where something else is ignored (it was told as another contract)', () => {
    const t = rounds();
    t.round(aServer(pin), lists(seen(first)));
    const ignoring = aServer({ ...pin, digest: other, ignore: ['/_meta'] });
    expect(t.round(ignoring, lists(seen(first)))).toBe('Unknown/NotVerified');
    const listed = { ...seen(other), ignore: ['/_meta'] };
    expect(t.round(ignoring, lists(listed))).toBe('True/Verified');
    expect(t.current()?.extensions?.tools).toMatchObject({ digest: other, ignore: ['/_meta'] });
    expect(t.events.filter((event) => event.startsWith('Warning'))).toEqual([]);
  });

  it.each<[string, ToolContractSettings, string, string | undefined]>([
    ['is no digest', { mode: 'Observe' }, 'true', 'its value is no digest (sha256: and 64 hexadecimal digits)'],
    ['names another one than the spec', { ...pin, digest: third }, first, 'is another digest, and counts'],
    ['names that of the spec', { ...pin, digest: third }, third, undefined],
    ['may be that of the next version', { mode: 'Observe' }, other, undefined],
  ])('are told when the annotation accepts nothing: it %s (nobody said a word)', (_, contract, annotated, expected) => {
    const t = rounds();
    t.round(aServer(contract, annotated), lists(seen(third)));
    const message = t.message('Accepted');
    if (expected === undefined) expect(message).toBe('Configuration is valid');
    else
      expect(message).toMatch(
        /^Configuration is valid; the annotation mcp-lifecycle\/accept-tool-contract accepts nothing: /,
      );
    expect(message).toContain(expected ?? '');
  });

  it('write nothing when nothing changes', () => {
    const t = rounds();
    t.round(aServer(pin), lists(seen(first)));
    t.round(aServer(pin), lists(seen(other)));
    const before = t.current();
    t.round(aServer(pin), lists(seen(other)));
    t.round(aServer(pin), { state: 'not-attempted' });
    expect(t.current()).toBe(before);
  });
});

describe('tools that have to be read-only', () => {
  const readOnly: ToolContractSettings = { allow: 'ReadOnly' };

  it('are not allowed when one does not say that it is, by name', () => {
    const t = rounds();
    expect(t.round(aServer(readOnly), lists(seen(first)))).toBe('True/Verified');
    expect(t.round(aServer(readOnly), lists(seen(other, { writes: ['write', 'drop'] })))).toBe('False/ToolNotAllowed');
    expect(t.message()).toContain(
      'It offers 2 tools that do not say that they are read-only (spec.extensions.toolContract.allow: ReadOnly); leave them out of the server, or have them say so (readOnlyHint: true) if they are: write, drop',
    );
    expect(t.events).toContain('Warning ToolNotAllowed');
    expect(t.round(aServer({ allow: 'Any' }), lists(seen(other, { writes: ['write', 'drop'] })))).toBe('True/Verified');
  });

  it('are not allowed either beyond the sixty-four that are listed', () => {
    const t = rounds();
    expect(t.round(aServer(readOnly), lists(seen(first, { hidden: 0 })))).toBe('True/Verified');
    expect(t.round(aServer(readOnly), lists(seen(other, { hidden: 3 })))).toBe('False/ToolNotAllowed');
    expect(t.message()).toContain('none of the first 64');
    expect(t.current()?.extensions?.tools).toMatchObject({ truncated: 40, truncatedNotReadOnly: 3 });
  });

  it('help no acceptance, and are not accepted first', () => {
    const t = rounds();
    const both = { ...pin, ...readOnly };
    expect(t.round(aServer(both), lists(seen(first, { writes: ['write'] })))).toBe('False/ToolNotAllowed');
    expect(t.accepted()).toBeUndefined();
    expect(t.round(aServer(both, first), lists(seen(first, { writes: ['write'] })))).toBe('False/ToolNotAllowed');
  });

  it('are not green where nobody can list them', () => {
    expect(rounds().round(aServer(readOnly), wantsCredentials)).toBe('Unknown/ToolContractUnknown');
  });
});
