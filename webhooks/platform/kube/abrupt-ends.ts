import { isRecord, recordAt, stringAt } from './object.ts';

/**
 * On the Lease: how many leaders in a row, before the one that it names, ended without giving it back. Whoever takes it
 * off lets the next one lead at once.
 */
const abruptEndsAnnotation = 'mcp-lifecycle/abrupt-ends';

/** Who led for so long did not end of leading, in milliseconds; a kubelet forgets earlier ends after the same time. */
const steadyTermMs = 600_000;

/** By the number of abrupt ends: one is chance, and another leads at once; two may be. */
const pausesMs: readonly number[] = [0, 0, 60_000];

/**
 * From the third on. Together with the time until the Lease runs out it is longer than the ten minutes after which a
 * kubelet starts a container again without a wait:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
const longestPauseMs = 600_000;

/**
 * How long nobody leads after so many abrupt ends in a row, in milliseconds. Leaders that all end of leading (more
 * servers than their memory holds) would otherwise do so in turn, each kubelet would wait longer before it starts the
 * next container, and no pod would be left that is ready to admit.
 */
export function pauseAfter(abruptEnds: number): number {
  return pausesMs[abruptEnds] ?? longestPauseMs;
}

/**
 * How many leaders in a row have ended, if the one that the Lease names has: itself and those before it. None of them
 * counts for a pod of another revision: somebody has changed something, and it is what may help.
 */
export function countAbruptEnds(lease: unknown, identity: string): number {
  const spec = recordAt(lease, 'spec');
  const holder = stringAt(spec, 'holderIdentity') ?? '';
  if (holder === '' || revisionOf(holder) !== revisionOf(identity)) return 0;
  // Both times are of the holder's own clock.
  const ledMs = timeAt(spec, 'renewTime') - timeAt(spec, 'acquireTime');
  return (ledMs >= steadyTermMs ? 0 : earlierEnds(lease)) + 1;
}

/** The Lease with the number of ends written down; zero leaves nothing behind. */
export function withAbruptEnds(lease: unknown, abruptEnds: number): Readonly<Record<string, unknown>> {
  const others = Object.entries(annotationsOf(lease)).filter(([name]) => name !== abruptEndsAnnotation);
  const ours = abruptEnds === 0 ? [] : [[abruptEndsAnnotation, String(abruptEnds)] as const];
  const annotations = Object.fromEntries([...others, ...ours]);
  return { ...(isRecord(lease) ? lease : {}), metadata: { ...recordAt(lease, 'metadata'), annotations } };
}

function earlierEnds(lease: unknown): number {
  const count = Number.parseInt(stringAt(annotationsOf(lease), abruptEndsAnnotation) ?? '', 10);
  return count > 0 ? count : 0;
}

function annotationsOf(lease: unknown): Readonly<Record<string, unknown>> {
  return recordAt(recordAt(lease, 'metadata'), 'annotations') ?? {};
}

/** What the pods of one ReplicaSet have in common: an identity is `<ReplicaSet>-<suffix>_<start>`. */
function revisionOf(identity: string): string {
  return identity.slice(0, Math.max(0, identity.lastIndexOf('-')));
}

function timeAt(spec: unknown, field: string): number {
  const time = Date.parse(stringAt(spec, field) ?? '');
  return Number.isNaN(time) ? 0 : time;
}
