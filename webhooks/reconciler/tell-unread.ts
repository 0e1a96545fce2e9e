import { printable } from '../core/engine/text.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { splitKey } from '../platform/kube/object.ts';
import { isTold } from './setbacks.ts';
import { regarding } from './world.ts';
import type { World } from './world.ts';

/** The server with its children, among what is read and written for it. */
const READ = 'read';

/**
 * Tells the owner of a server that the server itself, or a child that has to be compared, cannot be read, once it lasts:
 * by an event, since nothing is known that a status could be made from.
 */
export function tellUnread(
  key: string,
  error: ApiError,
  { world, signal }: { readonly world: World; readonly signal: AbortSignal },
): void {
  // What we broke off ourselves says nothing about the world.
  if (signal.aborted) return;
  const { clock, events, servers, setbacks } = world;
  const before = setbacks.of(READ, key);
  const setback = setbacks.note(READ, key, { error, nowMs: clock.monotonicMs() });
  if (!isTold(READ, setback) || (before !== undefined && isTold(READ, before))) return;
  events.record({
    regarding: regarding({ ...splitKey(key), uid: servers.uidOf(key) }),
    type: 'Warning',
    reason: 'ServerNotRead',
    action: 'Reconcile',
    note: `${printable(error.message)}. Nothing is created or changed until it can be read; it is tried again.`,
  });
}

/** It could be read. */
export function endUnread(key: string, { setbacks }: World): void {
  setbacks.end(READ, key);
}
