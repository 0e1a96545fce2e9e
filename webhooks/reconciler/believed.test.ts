import { describe, expect, it } from '@jest/globals';

import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { believedVerification } from './believed.ts';

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

  it('takes over that credentials are wanted', () => {
    expect(believedVerification(aStatus('AuthSkipped'), 2)).toMatchObject({ state: 'auth-required' });
  });

  it('takes over nothing about another generation, and no success without its serverInfo', () => {
    expect(believedVerification(aStatus('AuthSkipped'), 3)).toBeUndefined();
    expect(believedVerification(aStatus('Verified'), 2)).toBeUndefined();
    expect(believedVerification(undefined, 2)).toBeUndefined();
  });
});
