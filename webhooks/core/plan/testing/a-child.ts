import type { ObservedChild } from '../observed.ts';

/** A Deployment that the MCPServer of that uid controls; nothing else is known of it. For tests. */
export function aChild(owner: { readonly uid: string }): ObservedChild {
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'search' },
    ...{ uid: 'child', resourceVersion: '1', isDeleting: false },
    controller: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: 'search', controller: true, ...owner },
  };
}
