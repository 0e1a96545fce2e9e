import { conditionOf, get, type KubeObject } from './kubectl.ts';
import { eventually } from './eventually.ts';

/** An image that cases run: scripts/e2e.ts built and loaded it. */
export function imageOf(
  name:
    | 'kubernetes-mcp-server'
    | 'server-everything'
    | 'tls-mcp-server'
    | 'odd-mcp-server'
    | 'stdio-mcp-server'
    | 'node-npm'
    | 'npm-registry'
    | 'python-uv'
    | 'pypi-registry'
    | 'mcp-client',
): string {
  const image = process.env[`IMAGE_${name}`];
  if (image === undefined)
    throw new Error('run the cases with `npm run test:e2e`, which builds and loads their images');
  return image;
}

/** The smallest MCPServer around kubernetes-mcp-server that serves; without rights in the cluster it still answers. */
export function kubernetesServer(name: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('kubernetes-mcp-server') } },
      config: { port: 8080, arguments: ['--port', '8080', '--read-only'] },
      // It ends at once without a token; the account itself has no rights.
      runtime: { security: { serviceAccountName: 'default' } },
      ...spec,
    },
  };
}

/** server-everything, which runs on Node: commands can be run in its pod, see `runInside`. */
export function everythingServer(name: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('server-everything') } },
      config: { port: 3001, arguments: ['streamableHttp'] },
      ...spec,
    },
  };
}

/** odd-mcp-server as one of its kinds, see `e2e/servers/odd-answers.ts`; commands can be run in its pod, too. */
export function oddServer(name: string, kind: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('odd-mcp-server') } },
      config: { port: 8080, arguments: ['8080', kind] },
      ...spec,
    },
  };
}

/** What the image stdio-mcp-server starts; `legacy` behind it: of MCP 2025-11-25 and older. */
export const stdioCommand = ['/nodejs/bin/node', '/app/stdio-mcp-server.cjs'] as const;

/** stdio-mcp-server, served by the bridge. */
export function stdioServer(
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  stdio: Readonly<Record<string, unknown>> = {},
): object {
  return {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('stdio-mcp-server') } },
      config: { port: 8080 },
      extensions: { stdio: { command: stdioCommand, ...stdio } },
      ...spec,
    },
  };
}

/** Waits until a condition has this status and, where there are several causes, this reason. */
export function untilCondition(
  namespace: string,
  name: string,
  wanted: { readonly type: string; readonly status: string; readonly reason?: string },
): Promise<KubeObject> {
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
  return eventually(
    `MCPServer ${name} has ${Object.values(wanted).join('=')}`,
    async () => {
      const server = await read();
      const { status, reason } = conditionOf(server, wanted.type) ?? {};
      return status === wanted.status && reason === (wanted.reason ?? reason) ? server : undefined;
    },
    { describe: async () => (await read())?.status ?? 'no status' },
  );
}

/** Waits until status speaks about the spec as it is now. */
export function untilObserved(namespace: string, name: string): Promise<KubeObject> {
  return eventually(`the last change of MCPServer ${name} is observed`, async () => {
    const server = await get(namespace, 'mcpservers', name);
    return server?.status?.['observedGeneration'] === server?.metadata.generation ? server : undefined;
  });
}
