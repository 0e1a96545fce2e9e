import type { Fields } from '../mcpserver/record.ts';
import { strategyOf } from '../rollout/settings.ts';
import type { ExpansionInput } from './expanded-kind.ts';

/** Above so many replicas a rollout starts a quarter of them at a time: one by one, twenty would take twenty starts. */
const fewReplicas = 4;

/**
 * No pod goes before another one is there in its place: with one replica, anything else is an outage. With Recreate all go
 * before: two at once would write to the same volume, hold the same lock, answer on the same socket. The reference operator
 * leaves it to the API server: a quarter of the pods at a time.
 */
export function buildStrategy({
  server,
  compatibility,
}: Pick<ExpansionInput, 'server' | 'compatibility'>): Fields | undefined {
  if (strategyOf(server) === 'Recreate') return { type: 'Recreate' };
  if (compatibility === 'reference') return undefined;
  const maxSurge = (server.spec.runtime?.replicas ?? 1) > fewReplicas ? '25%' : 1;
  return { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } };
}

/**
 * What is applied first where Recreate is wanted and the fields of RollingUpdate are nobody's: the API server has defaulted
 * them, keeps them beside an apply that leaves them out, and refuses both together. Once they are ours the next apply
 * takes them away.
 */
export const beforeRecreate: Fields = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
