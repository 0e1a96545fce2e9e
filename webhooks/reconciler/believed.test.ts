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

describe('believedVerification', () => {
  it.each([
    ['without its preamble', 'MCP endpoint is not serving a valid MCP protocol: refused: twice', 'refused: twice'],
    ['without losing its first letter where there is no preamble', 'connection refused', 'connection refused'],
  ])('takes a failure over %s', (_, message, wanted) => {
    const believed = believedVerification(aStatus('EndpointUnavailable', message), 2);
    expect(believed).toEqual({ state: 'failed', message: wanted });
  });

  it('takes over that it was the TLS configuration that failed', () => {
    const believed = believedVerification(
      aStatus('EndpointUnavailable', "TLS configuration error: Secret 'ca' is bad"),
      2,
    );
    expect(believed).toEqual({ state: 'failed', message: "Secret 'ca' is bad", isTlsConfiguration: true });
  });

  it('takes over what was counted, and how often it failed', () => {
    const verified: MCPServerStatus = {
      ...aStatus('Verified'),
      serverInfo: { name: 'x' },
      extensions: { verification: { toolCount: 3, promptCount: 0 } },
    };
    expect(believedVerification(verified, 2)).toMatchObject({ state: 'verified', offers: { tools: 3, prompts: 0 } });
    const failed = { ...aStatus('EndpointUnavailable', 'x'), handshakeRetryCount: 16 };
    expect(believedVerification(failed, 2)).toMatchObject({ state: 'failed', failures: 16 });
  });

  it('takes over which pods failed', () => {
    const failingPods = [{ name: 'search-1', message: 'answered HTTP 500' }];
    const status = { ...aStatus('EndpointUnavailable', 'x'), extensions: { verification: { failingPods } } };
    expect(believedVerification(status, 2)).toMatchObject({ state: 'failed', failingPods });
  });

  it('takes over that credentials are wanted', () => {
    expect(believedVerification(aStatus('AuthSkipped'), 2)).toMatchObject({ state: 'auth-required' });
  });

  it('takes over the words with which credentials were wanted', () => {
    const message = 'Endpoint returned auth error, treated as reachable: Forbidden: no token';
    expect(believedVerification(aStatus('AuthSkipped', message), 2)).toMatchObject({ said: 'Forbidden: no token' });
    const silent = believedVerification(aStatus('AuthSkipped', message.slice(0, message.indexOf(':'))), 2);
    expect(silent).not.toHaveProperty('said');
  });

  it('takes over that a server asks not to be asked, so that a restart does not say that it was not asked', () => {
    const message = 'Endpoint asks not to be asked now: answered HTTP 429: slow down';
    const said = 'answered HTTP 429: slow down';
    expect(believedVerification(aStatus('NotVerified', message), 2)).toEqual({ state: 'throttled', message: said });
    const notAsked = aStatus('NotVerified', 'Handshake has not been attempted');
    expect(believedVerification(notAsked, 2)).toBeUndefined();
  });

  it('takes over all that goes with a success', () => {
    const verification = { era: 'Handshake', image: 'x:1', toolCount: 3, toolsDigest: 'd', notCounted: 'why' } as const;
    const status = {
      ...aStatus('Verified'),
      serverInfo: { protocolVersion: '2025-06-18' },
      extensions: { verification },
    };
    expect(believedVerification(status, 2)).toMatchObject({
      ...{ state: 'verified', era: 'handshake', offers: { tools: 3 }, toolsDigest: 'd', notCounted: 'why' },
    });
  });

  it('takes over nothing about another generation, and no success without its serverInfo', () => {
    expect(believedVerification(aStatus('AuthSkipped'), 3)).toBeUndefined();
    expect(believedVerification(aStatus('Verified'), 2)).toBeUndefined();
    expect(believedVerification(undefined, 2)).toBeUndefined();
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
