import { describe, expect, it } from '@jest/globals';
import { issueAuthority, issueServing } from '../../../webhooks/platform/tls/certificates.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, list } from '../../harness/kubectl.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function aSecret(name: string, data: Readonly<Record<string, string>>): object {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: encoded };
}

function aTlsServer(tls: object): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name: 'search' },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('tls-mcp-server') } },
      config: {
        port: 8443,
        arguments: ['8443', '/certificate'],
        storage: [{ path: '/certificate', source: { type: 'Secret', secret: { secretName: 'search-certificate' } } }],
      },
      transport: { tls: { enabled: true, ...tls } },
    },
  };
}

describe('a server that serves HTTPS', () => {
  const namespace = useNamespace();
  const trusted = { caBundleSecret: { name: 'internal-ca' } };

  it('waits for a CA bundle that holds no certificate yet, then is verified with it', async () => {
    const now = new Date();
    const authority = await issueAuthority(now);
    const { certificate, privateKey } = await issueServing(authority, [`search.${namespace}.svc.cluster.local`], now);
    await apply(namespace, aSecret('search-certificate', { 'tls.crt': certificate, 'tls.key': privateKey }));
    await apply(namespace, aSecret('internal-ca', { 'ca.crt': 'not yet' }));
    await apply(namespace, aTlsServer(trusted));
    const waiting = await untilCondition(namespace, 'search', { type: 'Accepted', status: 'False' });
    expect(conditionOf(waiting, 'Accepted')?.message).toContain('contains no valid PEM certificates');

    await apply(namespace, aSecret('internal-ca', { 'ca.crt': authority.certificate }));
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(server, 'Verified')?.reason).toBe('Verified');
    expect(server.status).toMatchObject({
      phase: 'Running',
      address: { url: `https://search.${namespace}.svc.cluster.local:8443/mcp` },
      serverInfo: { name: 'tls-mcp-server', protocolVersion: '2026-07-28' },
    });
  });

  it('is not verified any more when the bundle changes to a CA that did not issue its certificate', async () => {
    const stranger = await issueAuthority(new Date());
    await apply(namespace, aSecret('internal-ca', { 'ca.crt': stranger.certificate }));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'False' });
    // The bundle is configuration, so the pods restart meanwhile: the first failure may be a refused connection.
    const verified = await eventually('Verified tells that the CA is not trusted', async () => {
      const condition = conditionOf(await get(namespace, 'mcpservers', 'search'), 'Verified');
      const isTold = condition?.message.includes('the TLS certificate comes from a CA that is not trusted');
      return isTold === true ? condition : undefined;
    });
    expect(verified.reason).toBe('EndpointUnavailable');
  });

  it('is verified without a check if asked to, and an event warns of it', async () => {
    await apply(namespace, aTlsServer({ insecureSkipVerify: true }));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const warned = await eventually('an event warns of insecureSkipVerify', async () => {
      const events = await list({ namespace }, 'events.v1.events.k8s.io');
      return events.find(({ reason }) => reason === 'InsecureTLSConfigured');
    });
    expect(warned['type']).toBe('Warning');
    await eventually('it is Running', async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      return server?.status?.phase === 'Running';
    });
  });
});
