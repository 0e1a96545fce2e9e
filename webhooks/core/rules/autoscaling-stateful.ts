import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { autoscalingOf, mayKeepSessions } from '../mcpserver/autoscaling.ts';

export const autoscalingStateful: Rule = {
  id: 'autoscaling-stateful',
  severity: 'warn',
  stricterIn: 8,
  summary: 'A server that is scaled should keep no sessions.',
  rationale:
    'An MCP session lives in the pod that began it. Each pod that an autoscaler takes away ends its sessions, and each one that it ' +
    'adds gets none of the clients that are there already: they stay with their pod, so the load does not spread. Pods of a ' +
    'server that may keep sessions therefore go only when they were not needed for half an hour, unless ' +
    '`behavior.scaleDown.stabilizationWindowSeconds` says another time, and sessions that are open then end all the same. Longer grace ' +
    '(`rollout.terminationGracePeriodSeconds`) gives clients time to end theirs. A server that speaks MCP 2026-07-28 keeps none.',
  remedy: 'Set spec.mcp.stateless: true if the server keeps no sessions.',
  examples: {
    accepts: [
      {
        title: 'a server without sessions',
        spec: { mcp: { stateless: true }, extensions: { autoscaling: { maxReplicas: 5 } } },
      },
      { title: 'a server that is not scaled' },
      { title: 'one pod, or none', spec: { extensions: { autoscaling: { maxReplicas: 1 } } } },
    ],
    rejects: [
      { title: 'a server that may keep sessions', spec: { extensions: { autoscaling: { maxReplicas: 5 } } } },
      {
        title: 'a process for each session',
        spec: {
          mcp: { stateless: true },
          extensions: {
            stdio: { command: ['node', '/app/server.js'], sessions: 'PerSession' },
            autoscaling: { maxReplicas: 5 },
          },
        },
      },
    ],
  },
  check({ server }) {
    const { maxReplicas = 0 } = autoscalingOf(server) ?? {};
    if (maxReplicas < 2 || !mayKeepSessions(server)) return none;
    const isPerSession = server.spec.mcp?.stateless === true;
    const detail = isPerSession
      ? `found maxReplicas: ${maxReplicas} with stdio.sessions: PerSession`
      : `found maxReplicas: ${maxReplicas} without spec.mcp.stateless: true`;
    const remedy = isPerSession ? { remedy: 'Leave stdio.sessions to Auto if the program speaks MCP 2026-07-28.' } : {};
    return [
      {
        path: ['spec', 'extensions', 'autoscaling'],
        headline: 'a session lives in one pod, and ends when that goes',
        ...{ detail, cause: [isPerSession ? 'PerSession' : 'stateless'], ...remedy },
      },
    ];
  },
};
