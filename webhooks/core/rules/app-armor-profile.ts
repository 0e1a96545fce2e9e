import type { Rule } from '../engine/rule.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { securityContextsOf } from './security-contexts.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline ("AppArmor") */
const allowedTypes: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost']);

/** How profiles were written before Kubernetes 1.30; older nodes still obey, and the standard still judges it. */
const annotationPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: Rule = {
  id: 'app-armor-profile',
  severity: 'deny',
  summary: 'The pod and its container must not switch AppArmor off.',
  rationale:
    'On nodes with AppArmor, containers run under the profile of their runtime. `Unconfined` takes it away, and the ' +
    '`baseline` Pod Security Standard refuses it on every node. That also holds for the annotation of older versions, ' +
    'which spec.extraAnnotations would copy to the pod.',
  remedy: 'Use RuntimeDefault or a profile of the node, or remove the setting.',
  examples: {
    accepts: [
      {
        title: 'the profile of the runtime',
        spec: { runtime: { security: { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } } } },
      },
      {
        title: 'the profile of the runtime, by annotation',
        spec: { extraAnnotations: { [`${annotationPrefix}mcp-server`]: 'runtime/default' } },
      },
    ],
    rejects: [
      {
        title: 'a container without a profile',
        spec: { runtime: { security: { securityContext: { appArmorProfile: { type: 'Unconfined' } } } } },
      },
      {
        title: 'a pod without a profile',
        spec: { runtime: { security: { podSecurityContext: { appArmorProfile: { type: 'Unconfined' } } } } },
      },
      {
        title: 'a container without a profile, by annotation',
        spec: { extraAnnotations: { [`${annotationPrefix}mcp-server`]: 'unconfined' } },
      },
    ],
  },
  check: ({ server }) => [...checkAnnotations(server), ...checkContexts(server)],
};

function checkAnnotations({ spec }: MCPServer): readonly Violation[] {
  return Object.entries(spec.extraAnnotations ?? {})
    .filter(([key, value]) => key.startsWith(annotationPrefix) && !isAllowedAnnotation(value))
    .map(([key, value]) => ({
      path: ['spec', 'extraAnnotations', key],
      headline: 'the annotation switches AppArmor off',
      detail: `found '${value}'`,
      remedy: 'Use runtime/default or localhost/ and a profile of the node, or remove the annotation.',
    }));
}

function isAllowedAnnotation(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

function checkContexts(server: MCPServer): readonly Violation[] {
  return securityContextsOf(server).flatMap(({ path, context }) => {
    const type = context.appArmorProfile?.type;
    if (type === undefined || allowedTypes.has(type)) return [];
    return [
      {
        path: [...path, 'appArmorProfile', 'type'],
        headline: 'the AppArmor profile confines nothing',
        detail: `found type: ${type}`,
      },
    ];
  });
}
