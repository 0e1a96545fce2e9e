import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { claimText } from '../core/mcpserver/prefix-claim.ts';
import { digest } from '../platform/digest.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { runCli } from './testing/run-cli.ts';
import { serveContexts, type ServedContexts } from './testing/serve-contexts.ts';

const served: ServedContexts[] = [];

afterEach(async () => {
  for (const contexts of served.splice(0).toReversed()) await contexts.end();
});

/** A server with a ConfigMap of its own that claims the prefix. */
const claiming = (name: string, { namespace = 'tools', prefix = 'search_', more = '' } = {}): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: of-${name}, namespace: ${namespace}}
data: {extension-name: tools, extension-namespace: mcp-system, prefix: ${prefix}}
---
apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: ${name}, namespace: ${namespace}${more}}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/${name}:1.4.0"}}
  config: {port: 8080}
  gateway: {provider: kuadrant, configRef: of-${name}}
`;
const together = (...manifests: readonly string[]): string => manifests.join('---\n');

const digestOf = (prefix: string): string =>
  digest(claimText({ extension: { namespace: 'mcp-system', name: 'tools' }, prefix }));

/** Registered at that second of one minute. */
function register(api: FakeKubeApi, server: string, second: string, { prefix = 'search_', version = 'v1' } = {}): void {
  const [namespace = '', name = ''] = server.split('/');
  const metadata = {
    ...{ namespace, name: `${name}-gateway-binding`, creationTimestamp: `2026-11-30T10:00:${second}Z` },
    labels: { 'mcp-server': name, 'mcp-lifecycle/prefix': digestOf(prefix) },
  };
  api.put(`/apis/mcp.kuadrant.io/${version}/namespaces/${namespace}/mcpserverregistrations/${metadata.name}`, {
    metadata,
  });
}

async function serve(api: FakeKubeApi): Promise<string> {
  const contexts = await serveContexts({ prod: api });
  served.push(contexts);
  return contexts.folder;
}

/** By server, what is found of its prefix. */
async function found(args: Parameters<typeof runCli>[0], input = ''): Promise<Readonly<Record<string, string>>> {
  const { out, error } = await runCli([...args, '--output', 'json'], input);
  expect(error).toBe('');
  const { findings } = JSON.parse(out) as {
    readonly findings: readonly {
      readonly ruleId: string;
      readonly message: string;
      readonly server: { readonly namespace: string; readonly name: string };
    }[];
  };
  return Object.fromEntries(
    findings
      .filter(({ ruleId }) => ruleId === 'gateway-prefix-unique')
      .map(({ server: { namespace, name }, message }) => [`${namespace}/${name}`, message]),
  );
}

it('tells both of two servers of the input, whichever is first, and names none of another namespace', async () => {
  const input = together(claiming('search'), claiming('find'), claiming('list', { prefix: 'list_' }));
  expect(await found(['check', '-'], input)).toEqual({
    'tools/search': expect.stringContaining("'find' has"),
    'tools/find': expect.stringContaining("'search' has"),
  });
  const apart = together(claiming('search'), claiming('find', { namespace: 'bank' }));
  const told = await found(['check', '-'], apart);
  expect(Object.keys(told)).toEqual(['tools/search', 'bank/find']);
  expect(told['tools/search']).toMatch(/a server of another namespace has/);
});

it('takes the same object in two files for one, and a server that has none in the input for no rival', async () => {
  const silent = claiming('find').replace('provider: kuadrant', 'provider: httproute');
  expect(await found(['check', '-'], together(claiming('search'), claiming('search'), silent))).toEqual({});
});

it('takes the word of the cluster for who was first, and tells the other alone', async () => {
  const api = createFakeKubeApi();
  register(api, 'tools/search', '01');
  await serve(api);
  const input = together(claiming('search'), claiming('find'));
  expect(Object.keys(await found(['check', '--context', 'prod', '-'], input))).toEqual(['tools/find']);
});

it('knows who is registered that the input does not have, and replays that to the letter', async () => {
  const api = createFakeKubeApi();
  register(api, 'bank/ledger', '02', { version: 'v1alpha1' });
  const folder = await serve(api);
  // It is there as v1alpha1 alone.
  api.answer(({ path }) => path.startsWith('/apis/mcp.kuadrant.io/v1/'), 404);
  const file = join(folder, 'facts.json');
  const asked = await found(['check', '--context', 'prod', '--record', file, '-'], claiming('search'));
  expect(asked).toEqual({ 'tools/search': expect.stringContaining('a server of another namespace has') });
  const { clusters } = JSON.parse(readFileSync(file, 'utf8')) as { readonly clusters: readonly object[] };
  expect(clusters).toMatchObject([{ prefixes: { [digestOf('search_')]: ['bank/ledger'] } }]);
  expect(await found(['check', '--facts', file, '-'], claiming('search'))).toEqual(asked);
});

it('does not count what a server of the input has in the cluster and gives up', async () => {
  const api = createFakeKubeApi();
  register(api, 'tools/find', '01');
  await serve(api);
  const input = together(claiming('search'), claiming('find', { prefix: 'find_' }));
  expect(await found(['check', '--context', 'prod', '-'], input)).toEqual({});
});

it('says nothing where registrations cannot be listed', async () => {
  const api = createFakeKubeApi();
  register(api, 'tools/find', '01');
  api.answer(({ path }) => path.endsWith('mcpserverregistrations'), 403);
  await serve(api);
  expect(await found(['check', '--context', 'prod', '-'], claiming('search'))).toEqual({});
});
