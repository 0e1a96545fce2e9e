import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import type { Violation } from '../mcpserver/violation.ts';

export const replicasStateless: Rule = {
  id: 'replicas-stateless',
  severity: 'warn',
  stricterIn: 6,
  summary: 'More than one replica should be of a server that keeps no sessions.',
  rationale:
    'An MCP session lives in the pod that began it, and other pods answer its id with 404. Unless spec.mcp.stateless is ' +
    'true, the Service therefore sends every request of one client address to the same pod (`sessionAffinity: ClientIP`). ' +
    'That holds as long as the address stays and the pods do: all clients behind one gateway, proxy or NAT share one pod, ' +
    'however many there are, and when pods are added, replaced or restarted, sessions end and clients have to begin again. ' +
    'A server for stdio with `sessions: PerSession` keeps them whatever it says of itself.',
  remedy: 'Set spec.mcp.stateless: true if the server keeps no sessions, otherwise use one replica.',
  examples: {
    accepts: [
      { title: 'one replica', spec: { runtime: { replicas: 1 } } },
      {
        title: 'several replicas of a server without sessions',
        spec: { runtime: { replicas: 3 }, mcp: { stateless: true } },
      },
      {
        title: 'several replicas of a server for stdio without sessions',
        spec: {
          ...{ runtime: { replicas: 3 }, mcp: { stateless: true } },
          extensions: { stdio: { command: ['node', '/app/server.js'], sessions: 'Shared' } },
        },
      },
      {
        title: 'a number that an autoscaler has set, of which autoscaling-stateful speaks',
        spec: { runtime: { replicas: 3 }, extensions: { autoscaling: { maxReplicas: 5 } } },
      },
      { title: 'a server that is stopped', spec: { runtime: { replicas: 0 } } },
    ],
    rejects: [
      { title: 'several replicas of a server that may keep sessions', spec: { runtime: { replicas: 2 } } },
      {
        title: 'several replicas of one that keeps them',
        spec: { runtime: { replicas: 3 }, mcp: { stateless: false } },
      },
      {
        title: 'a process for each session, and no pod for it',
        spec: {
          ...{ runtime: { replicas: 3 }, mcp: { stateless: true } },
          extensions: { stdio: { command: ['node', '/app/server.js'], sessions: 'PerSession' } },
        },
      },
    ],
  },
  check({ server: { spec } }) {
    const replicas = spec.runtime?.replicas ?? 1;
    // The number is the autoscaler's then, and autoscaling-stateful speaks of it.
    if (replicas < 2 || spec.extensions?.autoscaling !== undefined) return none;
    const { sessions } = spec.extensions?.stdio ?? {};
    if (spec.mcp?.stateless === true) return sessions === 'PerSession' ? [perSession(replicas)] : none;
    return [
      {
        path: ['spec', 'runtime', 'replicas'],
        headline: 'a session lives in one pod: set spec.mcp.stateless if there are none',
        detail: `found ${replicas}, and requests of one client address stay with one pod while it lives`,
      },
    ];
  },
};

/** The Service then sends each request to any pod. */
function perSession(replicas: number): Violation {
  return {
    path: ['spec', 'extensions', 'stdio', 'sessions'],
    headline: 'sessions live in one pod, and spec.mcp.stateless says that there are none',
    detail: `found PerSession with ${replicas} replicas`,
    cause: [replicas],
    remedy: 'Remove spec.mcp.stateless, use one replica, or leave sessions to Auto.',
  };
}
