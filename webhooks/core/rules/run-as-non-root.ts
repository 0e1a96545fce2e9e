import type { Rule } from '../engine/rule.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';

const security = ['spec', 'runtime', 'security'] as const;

/** The value that holds for the container, and the place where it is written: the container's wins over the pod's. */
interface Effective<T> {
  readonly value: T;
  readonly path: FieldPath;
}

export const runAsNonRoot: Rule = {
  id: 'run-as-non-root',
  severity: 'deny',
  summary: 'The container must not run as root.',
  rationale:
    'A process that runs as user 0 is one kernel or runtime bug away from the node, and an MCP server executes what a ' +
    'model asks for. Servers get `runAsNonRoot: true` by default, so the kubelet refuses an image that would start as ' +
    'root; this rule refuses a spec that asks for root or takes that protection away. In a namespace that enforces the ' +
    '`restricted` Pod Security Standard such a pod would be refused anyway, later and in less clear words.',
  remedy: 'Set runAsUser to an id above 0, or remove it.',
  examples: {
    accepts: [
      { title: 'a server that says nothing about its user' },
      {
        title: 'a container that runs as user 65532',
        spec: { runtime: { security: { securityContext: { runAsUser: 65532 } } } },
      },
      {
        title: 'a container whose own user wins over root in the pod security context',
        spec: { runtime: { security: { podSecurityContext: { runAsUser: 0 }, securityContext: { runAsUser: 1000 } } } },
      },
      {
        title: 'a group of 0, which gives no privilege by itself',
        spec: { runtime: { security: { securityContext: { runAsUser: 1000, runAsGroup: 0 } } } },
      },
    ],
    rejects: [
      {
        title: 'a container that runs as user 0',
        spec: { runtime: { security: { securityContext: { runAsUser: 0 } } } },
      },
      {
        title: 'a pod whose user 0 the container takes over',
        spec: { runtime: { security: { podSecurityContext: { runAsUser: 0 } } } },
      },
      {
        title: 'a container that may start as whatever user the image names',
        spec: { runtime: { security: { securityContext: { runAsNonRoot: false } } } },
      },
    ],
  },
  check: ({ server }) => [...rootAllowed(server), ...rootUser(server)],
};

function rootAllowed(server: MCPServer): readonly Violation[] {
  const found = effectiveRunAsNonRoot(server);
  if (found?.value !== false) return [];
  return [
    {
      path: found.path,
      headline: 'container may run as root',
      detail: 'found runAsNonRoot: false',
      remedy: 'Set runAsNonRoot to true, or remove it.',
    },
  ];
}

function rootUser(server: MCPServer): readonly Violation[] {
  const found = effectiveRunAsUser(server);
  if (found?.value !== 0) return [];
  return [{ path: found.path, headline: 'container would run as root', detail: 'found runAsUser: 0' }];
}

function effectiveRunAsNonRoot(server: MCPServer): Effective<boolean> | undefined {
  const container = server.spec.runtime?.security?.securityContext?.runAsNonRoot;
  if (container !== undefined) return { value: container, path: [...security, 'securityContext', 'runAsNonRoot'] };
  const pod = server.spec.runtime?.security?.podSecurityContext?.runAsNonRoot;
  return pod === undefined ? undefined : { value: pod, path: [...security, 'podSecurityContext', 'runAsNonRoot'] };
}

function effectiveRunAsUser(server: MCPServer): Effective<number> | undefined {
  const container = server.spec.runtime?.security?.securityContext?.runAsUser;
  if (container !== undefined) return { value: container, path: [...security, 'securityContext', 'runAsUser'] };
  const pod = server.spec.runtime?.security?.podSecurityContext?.runAsUser;
  return pod === undefined ? undefined : { value: pod, path: [...security, 'podSecurityContext', 'runAsUser'] };
}
