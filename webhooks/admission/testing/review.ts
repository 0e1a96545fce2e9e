import type { Operation } from '../admission-review.ts';

/** What differs from a CREATE of an MCPServer called `search` in namespace `mcp`. */
export interface ReviewOptions {
  readonly uid?: string;
  readonly operation?: Operation;
  readonly kind?: string;
  readonly group?: string;
  readonly subResource?: string;
  readonly name?: string;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

/** An AdmissionReview as an API server sends it. For tests. */
export function aReview(options: ReviewOptions = {}): object {
  const { uid = 'f0e1', operation = 'CREATE', kind = 'MCPServer', group = 'mcp.x-k8s.io', name = 'search' } = options;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group, version: 'v1beta1', kind },
      resource: { group, version: 'v1beta1', resource: 'mcpservers' },
      ...(options.subResource === undefined ? {} : { subResource: options.subResource }),
      name,
      namespace: 'mcp',
      operation,
      userInfo: { username: 'kubernetes-admin', groups: ['system:masters'] },
      object: options.object ?? null,
      oldObject: options.oldObject ?? null,
      dryRun: false,
    },
  };
}
