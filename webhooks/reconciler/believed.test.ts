import { describe, expect, it } from '@jest/globals';

import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import type { ProtocolEra } from '../core/plan/observed.ts';
import { anMCPServer } from '../core/testing/builders.ts';
import { believedEra, believedVerification } from './believed.ts';

function aStatus(reason: string, message = ''): MCPServerStatus {
  const status = reason === 'EndpointUnavailable' ? 'False' : 'True';
  return {
    conditions: [{ type: 'Verified', status, reason, message, observedGeneration: 2, lastTransitionTime: '' }],
  };
}

const believed = (status: MCPServerStatus): unknown => believedVerification(status)?.verification;

describe('believedVerification', () => {
  it.each([
    ['MCP endpoint is not serving a valid MCP protocol: refused: twice'],
    ["TLS configuration error: Secret 'ca' is bad"],
    ['in the words of whoever wrote it'],
  ])('takes a failure over, and reads no word of it: %s', (message) => {
    const failed = { state: 'failed', message: '', isBelieved: true };
    expect(believed(aStatus('EndpointUnavailable', message))).toEqual(failed);
  });

  it('takes over what was counted, and how often it failed', () => {
    const verified: MCPServerStatus = {
      ...aStatus('Verified'),
      serverInfo: { name: 'x' },
      extensions: { verification: { toolCount: 3, promptCount: 0 } },
    };
    expect(believed(verified)).toMatchObject({ state: 'verified', offers: { tools: 3, prompts: 0 } });
    const failed = { ...aStatus('EndpointUnavailable', 'x'), handshakeRetryCount: 16 };
    expect(believed(failed)).toMatchObject({ state: 'failed', failures: 16 });
  });

  it('takes over which pods failed', () => {
    const failingPods = [{ name: 'search-1', message: 'answered HTTP 500' }];
    const status = { ...aStatus('EndpointUnavailable', 'x'), extensions: { verification: { failingPods } } };
    expect(believed(status)).toMatchObject({ state: 'failed', failingPods });
  });

  it('takes over that credentials are wanted', () => {
    expect(believed(aStatus('AuthSkipped'))).toMatchObject({ state: 'auth-required', isBelieved: true });
  });

  it('takes over all that goes with a success', () => {
    const verification = { era: 'Handshake', image: 'x:1', toolCount: 3, notCounted: 'why' } as const;
    const list = [{ name: 'a b', interface: '01234567', wording: '89abcdef', readOnly: true }];
    const tools = { digest: 'sha256:d', list, truncated: 3 };
    const status = {
      ...aStatus('Verified'),
      serverInfo: { protocolVersion: '2025-06-18' },
      extensions: { verification, tools },
    };
    expect(believed(status)).toMatchObject({
      ...{ state: 'verified', era: 'handshake', offers: { tools: 3 }, notCounted: 'why' },
      tools: { digest: 'sha256:d', listed: '01234567 89abcdef r-- a b', truncated: 3 },
    });
  });

  it('says of which generation that is, and takes over no success without its serverInfo', () => {
    expect(believedVerification(aStatus('AuthSkipped'))?.answeredBy).toEqual({ generation: 2, podSet: '' });
    expect(believedVerification(aStatus('Verified'))).toBeUndefined();
    expect(believedVerification(aStatus('NotVerified'))).toBeUndefined();
    expect(believedVerification(undefined)).toBeUndefined();
  });
});

describe('believedEra', () => {
  const { spec } = anMCPServer();
  const image = spec.source.containerImage?.ref ?? '';

  it.each<[string, MCPServerStatus, ProtocolEra | undefined]>([
    ['what was learnt of this image', { extensions: { verification: { era: 'Handshake', image } } }, 'handshake'],
    [
      'what was learnt, also while it fails',
      { extensions: { verification: { era: 'Stateless', image } } },
      'stateless',
    ],
    [
      'nothing that was learnt of another image',
      { extensions: { verification: { era: 'Handshake', image: 'y' } } },
      undefined,
    ],
    [
      'what an earlier release verified, by its revision',
      { serverInfo: { protocolVersion: '2025-11-25' } },
      'handshake',
    ],
    ['the same of the newest revision', { serverInfo: { protocolVersion: '2026-07-28' } }, 'stateless'],
    ['nothing where there is nothing', {}, undefined],
  ])('is %s', (_, status, wanted) => {
    expect(image).not.toBe('');
    expect(believedEra({ ...anMCPServer(), status })).toBe(wanted);
  });
});
