import { describe, expect, it } from '@jest/globals';
import { parseMCPServer } from '../mcpserver/parse.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { compositeKindOf } from './composite-kinds.ts';
import { STDIO_COMMAND_ANNOTATION, v2dyServer } from './v2dy-server.ts';

/** The first sample of ADR-001. */
const sample = {
  apiVersion: 'mcp.v2dy.io/v1',
  kind: 'MCPServer',
  metadata: { name: 'example-mcp-server', namespace: 'tools', labels: { team: 'a' } },
  spec: {
    image: 'mcp/example-server:latest',
    port: 3000,
    protocol: 'http',
    resources: { requests: { memory: '64Mi', cpu: '250m' }, limits: { memory: '128Mi', cpu: '500m' } },
    replicas: 1,
    env: [{ name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'mcp-secrets', key: 'api-key' } } }],
  },
};

function expand(spec: object, annotations?: object) {
  const metadata = { ...sample.metadata, ...(annotations === undefined ? {} : { annotations }) };
  return v2dyServer.expand({ ...sample, metadata, spec: { ...sample.spec, ...spec } });
}

describe('an MCPServer of mcp.v2dy.io', () => {
  it('becomes one of ours that says the same, and nothing of its labels', () => {
    const { violations, unknownFields, servers } = v2dyServer.expand(sample);
    expect({ violations, unknownFields }).toEqual({ violations: [], unknownFields: [] });
    const [server] = servers;
    expect(server?.manifest).toEqual({
      apiVersion: 'mcp.x-k8s.io/v1beta1',
      kind: 'MCPServer',
      metadata: {
        name: 'example-mcp-server',
        namespace: 'tools',
        labels: { 'mcp-lifecycle/expanded-from': 'MCPServer.mcp.v2dy.io' },
      },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: 'mcp/example-server:latest' } },
        config: { port: 3000, path: '/mcp', env: sample.spec.env },
        runtime: { replicas: 1, resources: sample.spec.resources },
      },
    });
    expect(parseMCPServer(server?.manifest)).toMatchObject({ ok: true });
  });

  it('says nothing where its author says nothing, so that what stands can be compared with it', () => {
    const [server] = expand({ env: [], resources: {} }).servers;
    expect(server?.manifest['spec']).toEqual({
      source: { type: 'ContainerImage', containerImage: { ref: 'mcp/example-server:latest' } },
      config: { port: 3000, path: '/mcp' },
      runtime: { replicas: 1 },
    });
  });

  it.each([
    [['spec', 'source', 'containerImage', 'ref'], 'spec.image'],
    [['spec', 'config', 'env', 0, 'valueFrom', 'secretKeyRef', 'key'], 'spec.env[0].valueFrom.secretKeyRef.key'],
    [['spec', 'runtime', 'resources', 'limits'], 'spec.resources.limits'],
    [['spec', 'config', 'port'], 'spec.port'],
    [['spec', 'config'], 'spec.port'],
    [['spec', 'runtime', 'security', 'securityContext'], 'spec'],
    [['spec'], 'spec'],
    [['metadata', 'name'], 'metadata.name'],
    [['spec', 'extensions', 'stdio', 'sessions'], 'spec.protocol'],
  ])('is told of what is at %j of ours at %s', (path, authored) => {
    const [server] = v2dyServer.expand(sample).servers;
    expect(renderPath(server?.authored.path(path) ?? [])).toBe(authored);
  });

  it('is told in the names of its own fields', () => {
    const [server] = v2dyServer.expand(sample).servers;
    const said = 'Set spec.config.port, not spec.config.portName; see spec.runtime.resources.limits.';
    expect(server?.authored.text(said)).toBe('Set spec.port, not spec.config.portName; see spec.resources.limits.');
  });

  it('is told which fields are none of its own where one is to be set (it was told to set it)', () => {
    const [server] = v2dyServer.expand(sample).servers;
    const about = ['spec', 'runtime', 'replicas'];
    expect(server?.authored.text('Set spec.mcp.stateless: true.', about)).toBe(
      'Set spec.mcp.stateless: true. That is a field of mcp.x-k8s.io: mcp-lifecycle convert writes such an MCPServer.',
    );
    expect(server?.authored.text('Set spec.config.port.', about)).toBe('Set spec.port.');
  });

  it.each<[string, unknown, readonly string[]]>([
    ['a wrong version', { ...sample, apiVersion: 'mcp.v2dy.io/v2' }, ['apiVersion']],
    ['a wrong spelling of the kind', { ...sample, kind: 'McpServer' }, ['kind']],
    ['a protocol that does not exist', { ...sample, spec: { ...sample.spec, protocol: 'grpc' } }, ['spec.protocol']],
    ['no spec', { ...sample, spec: undefined }, ['spec']],
    ['a text for a spec', { ...sample, spec: 'x' }, ['spec']],
    ['nothing but its kind', { apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer' }, ['spec']],
  ])('with %s is told so', (_name, object, paths) => {
    expect(compositeKindOf(object)).toBe(v2dyServer);
    expect(v2dyServer.expand(object).violations.map(({ path }) => renderPath(path))).toEqual(paths);
  });

  it('without a port is told of the protocol, too, which may be what was forgotten (it was told of the port alone)', () => {
    const { violations, servers } = expand({ port: undefined, protocol: undefined });
    expect(violations).toEqual([
      expect.objectContaining({ path: ['spec', 'port'], remedy: expect.stringContaining('spec.protocol to stdio') }),
    ]);
    // So that it is said once.
    expect(parseMCPServer(servers[0]?.manifest)).toMatchObject({ ok: true });
  });

  it('names the fields that its API does not have', () => {
    expect(expand({ source: { type: 'x' }, prot: 1 }).unknownFields).toEqual([
      ['spec', 'source'],
      ['spec', 'prot'],
    ]);
    expect(expand({ source: { type: 'x' } }).servers[0]?.manifest['spec']).toMatchObject({
      source: { type: 'ContainerImage' },
    });
  });

  it('that speaks stdio becomes a server of ours that starts the command of its annotation', () => {
    const annotations = { [STDIO_COMMAND_ANNOTATION]: '["/bin/server", "--stdio"]' };
    const { violations, servers } = expand({ protocol: 'stdio', port: undefined }, annotations);
    expect(violations).toEqual([]);
    expect(servers[0]?.manifest['spec']).toMatchObject({
      config: { port: 3000, path: '/mcp' },
      extensions: { stdio: { command: ['/bin/server', '--stdio'] } },
    });
    expect(parseMCPServer(servers[0]?.manifest)).toMatchObject({ ok: true });
    expect(renderPath(servers[0]?.authored.path(['spec', 'extensions', 'stdio', 'command', 1]) ?? [])).toBe(
      'metadata.annotations[mcp-lifecycle/stdio-command][1]',
    );
  });

  it.each([
    ['no annotation', undefined],
    ['a text', { [STDIO_COMMAND_ANNOTATION]: 'server --stdio' }],
    ['no words', { [STDIO_COMMAND_ANNOTATION]: '[]' }],
    ['a number', { [STDIO_COMMAND_ANNOTATION]: '["a", 1]' }],
  ])('that speaks stdio with %s for a command is not run, and is told why', (_name, annotations) => {
    const { violations, servers } = expand({ protocol: 'stdio' }, annotations);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      reason: 'StdioCommandRequired',
      remedy: expect.stringContaining('mcp-lifecycle stdio resolve'),
    });
    expect(JSON.stringify(violations)).toContain(STDIO_COMMAND_ANNOTATION);
    expect(JSON.stringify(violations)).not.toContain('server --stdio');
    expect(servers[0]?.manifest['spec']).not.toHaveProperty('extensions');
  });
});

it('knows no other kind of any group', () => {
  for (const object of [undefined, 'x', {}, { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' }]) {
    expect(compositeKindOf(object)).toBeUndefined();
  }
  expect(compositeKindOf({ apiVersion: 'mcp.v2dy.io/v1', kind: 'Other' })).toBeUndefined();
});
