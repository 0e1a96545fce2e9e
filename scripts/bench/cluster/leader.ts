import { setTimeout as sleep } from 'node:timers/promises';
import { objectPath } from '../../../webhooks/platform/kube/api.ts';
import { recordAt, stringAt } from '../../../webhooks/platform/kube/object.ts';
import { release } from '../../quickstart/install.ts';
import { expectOk } from './servers.ts';
import type { Stage } from './stage.ts';

/** The end of a term that came by the deletion of the pod that led. */
export interface EndedTerm {
  /** When the deletion was asked for, by `performance.now()`. */
  readonly deletedAt: number;
  /** Until the pod led no more, in seconds. */
  readonly ledForSeconds: number;
}

/**
 * Deletes the pod that leads, and resolves once it leads no more: who was not the leader, or goes on leading, is an error, for
 * what comes next would then be done by the one that was to be away.
 */
export async function endTerm(stage: Stage): Promise<EndedTerm> {
  const before = await readHolder(stage);
  // `pod_random`; a pod has no underscore in its name.
  const [pod = ''] = before.split('_');
  if (pod === '') throw new Error('nobody leads');
  const path = objectPath({ apiVersion: 'v1', plural: 'pods', namespace: release.namespace, name: pod });
  const deletedAt = performance.now();
  expectOk(await stage.api.request({ method: 'DELETE', path }));
  while ((await readHolder(stage)) === before) {
    if (performance.now() - deletedAt > 30_000) throw new Error(`${pod} leads still, 30 s after it was deleted`);
    await sleep(10);
  }
  return { deletedAt, ledForSeconds: (performance.now() - deletedAt) / 1_000 };
}

async function readHolder({ api }: Stage): Promise<string> {
  const lease = { apiVersion: 'coordination.k8s.io/v1', plural: 'leases', namespace: release.namespace };
  const path = objectPath({ ...lease, name: `${release.name}-leader` });
  const spec = recordAt(expectOk(await api.request({ method: 'GET', path })), 'spec');
  return stringAt(spec, 'holderIdentity') ?? '';
}
