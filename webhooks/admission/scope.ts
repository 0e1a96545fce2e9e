import { API, type OwnerKind } from '../core/mcpserver/api.ts';
import { ownValue } from '../core/mcpserver/record.ts';
import type { AdmissionRequest } from './admission-review.ts';

/**
 * Why a request is none of our business. The webhook configuration asks for MCPServers only, so any of these in the
 * metrics shows a configuration that is wider than the chart's.
 */
export const skipReasons = ['operation', 'kind', 'subresource', 'deleting'] as const;

export type SkipReason = (typeof skipReasons)[number];

type WantedKind = Pick<OwnerKind, 'group' | 'kind'>;

/**
 * Undefined for an object of the kind that is created or updated. Deleting objects pass: what holds their last updates back
 * (the removal of a finalizer) keeps them, and their namespace, for ever.
 */
export function skipReasonOf(request: AdmissionRequest, of: WantedKind = API): SkipReason | undefined {
  const { operation, kind, subResource, object } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return 'operation';
  if (kind.group !== of.group || kind.kind !== of.kind) return 'kind';
  if (subResource !== '') return 'subresource';
  return isDeleting(object) ? 'deleting' : undefined;
}

function isDeleting(object: unknown): boolean {
  const metadata = ownValue(object, 'metadata');
  return typeof ownValue(metadata, 'deletionTimestamp') === 'string';
}
