import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../../defaults/apply.ts';
import type { MCPServer, StdioSettings } from '../../mcpserver/types.gen.ts';
import { rules } from '../../rules/index.gen.ts';
import { anInstallation } from '../../testing/an-installation.ts';
import { anMCPServer, withRawSpec, withSpec, type Option } from '../../testing/builders.ts';
import { evaluateRules } from '../../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../../testing/in-memory-facts.ts';
import { deployment } from '../deployment.ts';
import type { ExpansionInput } from '../expanded-kind.ts';
import { networkPolicy } from '../network-policy.ts';
import { service } from '../service.ts';
import { buildPodTemplate } from './pod-template.ts';

const installation = anInstallation({ image: 'registry.example.com/ours:1' });

const aStdioServer = (stdio: StdioSettings = {}, ...options: readonly Option[]): MCPServer =>
  applyDefaults(
    anMCPServer(withSpec({ extensions: { stdio: { command: ['node', '/app/server.js'], ...stdio } } }), ...options),
  );

interface Container {
  readonly name: string;
  readonly [field: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly initContainers: readonly [Container, Container];
  readonly volumes: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}

/** As the template says it; the tests look at what they read. */
const specOf = (server: MCPServer, input: Partial<ExpansionInput> = {}): PodSpec =>
  buildPodTemplate({ server, installation, ...input })['spec'] as PodSpec;

/** The variables of the bridge. */
function variablesOf(server: MCPServer): Readonly<Record<string, string>> {
  const { env } = specOf(server).initContainers[1] as { readonly env?: readonly { name: string; value: string }[] };
  return Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
}

describe('the pods of a server for stdio', () => {
  it('have the shim and the bridge before the server, and a volume with both ends of the socket', () => {
    const { containers, initContainers, volumes } = specOf(aStdioServer());
    expect(initContainers.map(({ name, image, restartPolicy }) => ({ name, image, restartPolicy }))).toEqual([
      { name: 'mcp-stdio-shim', image: 'registry.example.com/ours:1', restartPolicy: undefined },
      { name: 'mcp-bridge', image: 'registry.example.com/ours:1', restartPolicy: 'Always' },
    ]);
    expect(containers.map(({ name, image }) => ({ name, image }))).toEqual([
      { name: 'mcp-server', image: 'ghcr.io/example/search:1.4.0' },
    ]);
    expect(volumes).toEqual([{ name: 'mcp-lifecycle', emptyDir: { sizeLimit: '8Mi' } }]);
    expect(containers[0]['volumeMounts']).toEqual([
      { name: 'mcp-lifecycle', mountPath: '/mcp-lifecycle', readOnly: true },
      { name: 'mcp-lifecycle', mountPath: '/mcp-lifecycle/run', subPath: 'run' },
    ]);
  });

  it('run the command by the shim, word by word, with the arguments of the container behind it', () => {
    const [server] = specOf(
      aStdioServer({ cwd: '/srv', maxSessions: 4 }, withSpec({ config: { arguments: ['--root', '$(HOME)/a b'] } })),
    ).containers;
    expect(server['command']).toEqual([
      ...['/mcp-lifecycle/shim', 'listen', '--socket', '/mcp-lifecycle/run/stdio.sock', '--max', '6'],
      ...['--grace', '21s', '--cwd', '/srv', '--', 'node', '/app/server.js'],
    ]);
    expect(server['args']).toEqual(['--root', '$(HOME)/a b']);
  });

  it('keep all of the author in the container of the server', () => {
    const options: Option = withRawSpec({
      config: {
        env: [{ name: 'A', value: '1' }],
        envFrom: [{ secretRef: { name: 'token' } }],
        storage: [{ path: '/secret', source: { type: 'Secret', secret: { secretName: 'secret' } } }],
      },
      runtime: { security: { securityContext: { runAsUser: 12345 } }, resources: { limits: { memory: '1Gi' } } },
    });
    const [server] = specOf(aStdioServer({}, options)).containers;
    const [alone] = specOf(applyDefaults(anMCPServer(options))).containers;
    for (const field of ['image', 'env', 'envFrom', 'resources', 'securityContext', 'lifecycle', 'ports'])
      expect({ [field]: server[field] }).toEqual({ [field]: alone[field] });
    expect(server['volumeMounts']).toEqual(expect.arrayContaining(alone['volumeMounts'] as unknown[]));
  });

  it('give the bridge nothing of the server: no variable, no file, no token', () => {
    const { initContainers } = specOf(
      aStdioServer(
        {},
        withRawSpec({
          config: {
            env: [{ name: 'API_KEY', value: 'topsecret' }],
            envFrom: [{ secretRef: { name: 'token' } }],
            storage: [{ path: '/secret', source: { type: 'Secret', secret: { secretName: 'secret' } } }],
          },
          runtime: { security: { serviceAccountName: 'reader' } },
        }),
      ),
    );
    expect(JSON.stringify(initContainers)).not.toMatch(/topsecret|API_KEY|"token"|vol-0/);
    expect(initContainers[1]['volumeMounts']).toEqual([
      { name: 'mcp-lifecycle', mountPath: '/mcp-lifecycle/run', subPath: 'run', readOnly: true },
      // A mount at this place is what keeps admission from mounting the token of the account there.
      {
        ...{ name: 'mcp-lifecycle', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ...{ subPath: 'no-token', readOnly: true },
      },
    ]);
  });

  it('tell the bridge what the spec says, and what it leaves open', () => {
    expect(variablesOf(aStdioServer())).toMatchObject({
      ...{ MCP_SOCKET: '/mcp-lifecycle/run/stdio.sock', MCP_PORT: '8080', MCP_PATH: '/mcp', MCP_SESSIONS: 'Auto' },
      ...{ MCP_MAX_SESSIONS: '16', MCP_IDLE_SECONDS: '1800', MCP_START_SECONDS: '60', MCP_GRACE_SECONDS: '21' },
      ...{ MCP_MAX_MESSAGE_BYTES: '4194304', MCP_METRICS_PORT: '0', MCP_HEALTH_PORT: '10352' },
    });
    const said = {
      ...({ sessions: 'Shared', maxSessions: 2, idleTimeoutSeconds: 30 } as const),
      ...{ startTimeoutSeconds: 5, maxMessageBytes: 2048 },
    };
    expect(variablesOf(aStdioServer(said, withSpec({ config: { port: 9000, path: '/' } })))).toMatchObject({
      ...{ MCP_PORT: '9000', MCP_PATH: '/', MCP_SESSIONS: 'Shared', MCP_MAX_SESSIONS: '2', MCP_IDLE_SECONDS: '30' },
      ...{ MCP_START_SECONDS: '5', MCP_MAX_MESSAGE_BYTES: '2048' },
    });
  });

  it.each<[program: string, seconds: string]>([
    ['node', '60'],
    ['npx', '120'],
    ['/usr/local/bin/uvx', '120'],
  ])('give %s %s seconds for its first answer', (program, seconds) => {
    expect(variablesOf(aStdioServer({ command: [program, 'server'] }))['MCP_START_SECONDS']).toBe(seconds);
  });

  it.each<[what: string, option: Option, health: string, metrics: string]>([
    ['the port of the server is that of health', withSpec({ config: { port: 10352 } }), '10353', '0'],
    ['metrics have a port', withSpec({ extensions: { metrics: { port: 9090 } } }), '10352', '9090'],
    [
      'both are taken',
      withSpec({ config: { port: 10353 }, extensions: { metrics: { port: 10352 } } }),
      '10354',
      '10352',
    ],
  ])('find a port for health where %s', (_, option, health, metrics) => {
    const server = aStdioServer({}, option);
    expect(variablesOf(server)).toMatchObject({ MCP_HEALTH_PORT: health, MCP_METRICS_PORT: metrics });
    expect(specOf(server).initContainers[1]['readinessProbe']).toMatchObject({
      httpGet: { path: '/readyz', port: Number(health) },
    });
  });

  it('are ready by the bridge alone: the server has no probe that it does not ask for itself', () => {
    const { containers, initContainers } = specOf(aStdioServer());
    for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe'])
      expect(containers[0]).not.toHaveProperty(probe);
    expect(initContainers[1]).toMatchObject({
      readinessProbe: { httpGet: { path: '/readyz' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
    });
    expect(initContainers[1]).not.toHaveProperty('startupProbe');
    const livenessProbe = { exec: { command: ['true'] } };
    const own = aStdioServer({}, withSpec({ runtime: { health: { livenessProbe } } }));
    expect(specOf(own).containers[0]).toMatchObject({ livenessProbe });
  });

  it('end within the time that they have: first the calls, then the processes, then the bridge', () => {
    const withGrace = (seconds: number): MCPServer =>
      aStdioServer({}, withSpec({ extensions: { rollout: { terminationGracePeriodSeconds: seconds } } }));
    const grace = (server: MCPServer): unknown =>
      (specOf(server).containers[0]['command'] as readonly string[]).find(
        (_, index, all) => all[index - 1] === '--grace',
      );
    expect([86_400, 300, 30, 10, 1].map((seconds) => grace(withGrace(seconds)))).toEqual([
      ...['3600s', '291s', '21s', '1s', '1s'],
    ]);
  });

  it('have requests and limits in each container, as quotas and autoscalers want it', () => {
    const resources = { requests: { cpu: '5m' }, limits: { memory: '99Mi' } };
    const said = anInstallation({ stdio: { resources, imagePullSecrets: [] } });
    for (const container of specOf(aStdioServer(), { installation: said }).initContainers)
      expect(container).toMatchObject({ resources });
    for (const container of specOf(aStdioServer()).initContainers)
      expect(container).toMatchObject({
        resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '1', memory: '128Mi' } },
      });
  });

  it('pull our image as the platform says, and the server as its author does', () => {
    const said = anInstallation({
      ...{ imagePullPolicy: 'Always', stdio: { resources: {}, imagePullSecrets: ['ours', 'both'] } },
    });
    const containerImage = {
      ref: 'example.com/a:1',
      pullPolicy: 'Never' as const,
      imagePullSecrets: [{ name: 'both' }],
    };
    const server = aStdioServer({}, withSpec({ source: { containerImage } }));
    const { containers, initContainers, imagePullSecrets } = specOf(server, { installation: said });
    expect([...initContainers, ...containers].map((container) => container['imagePullPolicy'])).toEqual([
      'Always',
      'Always',
      'Never',
    ]);
    expect(imagePullSecrets).toEqual([{ name: 'both' }, { name: 'ours' }]);
    expect(specOf(anMCPServer(), { installation: said })).not.toHaveProperty('imagePullSecrets');
  });

  it('never run our containers as root, whatever the pod says', () => {
    const podSecurityContext = { runAsUser: 0, runAsNonRoot: false };
    const asRoot = aStdioServer({}, withSpec({ runtime: { security: { podSecurityContext } } }));
    for (const container of specOf(asRoot).initContainers)
      expect(container).toMatchObject({ securityContext: { runAsNonRoot: true, runAsUser: 65532 } });
    for (const container of specOf(aStdioServer()).initContainers)
      expect(container).not.toHaveProperty('securityContext.runAsUser');
  });

  it('are of a candidate as of what serves', () => {
    const [serving, candidate] = deployment.build({ server: aStdioServer(), installation, candidateTemplate: 'a' });
    const spec = (object: unknown): unknown => (object as { spec: { template: { spec: unknown } } }).spec.template.spec;
    expect(spec(candidate)).toEqual(spec(serving));
  });

  it('are reached where those of a server are that listens itself', () => {
    const listening = applyDefaults(anMCPServer());
    for (const kind of [service, networkPolicy])
      expect(kind.build({ server: aStdioServer() })).toEqual(kind.build({ server: listening }));
  });
});

describe('the pods of a server whose program downloads a package', () => {
  const scratch = ({ containers, volumes }: PodSpec): unknown => ({
    home: (containers[0]['env'] as readonly { name: string; value?: string }[] | undefined)?.find(
      ({ name }) => name === 'HOME',
    )?.value,
    mounts: (containers[0]['volumeMounts'] as readonly { name: string; mountPath: string }[])
      .filter(({ name }) => name.startsWith('mcp-lifecycle-'))
      .map(({ mountPath }) => mountPath),
    volumes: volumes.map(({ name }) => name).filter((name) => name.startsWith('mcp-lifecycle-')),
  });
  const npx = { command: ['npx', '-y', 'server@1.0.0'] };
  const emptyDir = { type: 'EmptyDir' as const, emptyDir: {} };

  it.each<[what: string, server: MCPServer, expected: unknown]>([
    [
      'a home and a /tmp to write to',
      aStdioServer(npx),
      { home: '/home/mcp', mounts: ['/home/mcp', '/tmp'], volumes: ['mcp-lifecycle-home', 'mcp-lifecycle-tmp'] },
    ],
    [
      'the /tmp of the author',
      aStdioServer(
        npx,
        withSpec({ config: { storage: [{ path: '/tmp/', permissions: 'ReadWrite', source: emptyDir }] } }),
      ),
      { home: '/home/mcp', mounts: ['/home/mcp'], volumes: ['mcp-lifecycle-home'] },
    ],
    [
      'the home of the author',
      aStdioServer(npx, withSpec({ config: { env: [{ name: 'HOME', value: '/data' }] } })),
      { home: '/data', mounts: ['/tmp'], volumes: ['mcp-lifecycle-tmp'] },
    ],
    [
      'a claim where the home is',
      aStdioServer(npx, withSpec({ extensions: { storage: [{ claimName: 'cache', path: '/home/mcp' }] } })),
      { home: '/home/mcp', mounts: ['/tmp'], volumes: ['mcp-lifecycle-tmp'] },
    ],
    ['nothing for another program', aStdioServer(), { home: undefined, mounts: [], volumes: [] }],
  ])('have %s', (_, server, expected) => {
    expect(scratch(specOf(server))).toEqual(expected);
  });
});

/** As strict as a policy can be: every probe of anybody breaks it. */
const budget = { minPeriodSeconds: 3600, minLivenessSeconds: 3600, maxReadinessSeconds: 0, maxInitialDelaySeconds: 0 };

describe('rules', () => {
  it('find nothing in the containers of ours, whatever a policy asks for', () => {
    const server = aStdioServer({ maxSessions: 1 });
    // Of those that only a policy asks for, the two about containers (rules/opt-in-containers.test.ts).
    const asked = new Set(['probe-budget', 'read-only-root-filesystem']);
    const judging = rules.filter(({ id, isOptIn }) => isOptIn !== true || asked.has(id));
    const found = evaluateRules(judging, { server, facts: inMemoryFacts(), installation }, budget);
    expect(found.filter(({ path }) => path.join('.').includes('stdio'))).toEqual([]);
  });

  it('judge the containers of ours as any other', () => {
    const { initContainers } = specOf(aStdioServer());
    for (const { securityContext } of initContainers)
      expect(securityContext).toEqual({
        ...{ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
        ...{ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
  });
});
