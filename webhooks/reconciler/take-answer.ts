import { API } from '../core/mcpserver/api.ts';
import { keyOf, metaOf } from '../platform/kube/object.ts';
import type { ObjectMeta } from '../platform/kube/object.ts';
import type { World } from './world.ts';

/**
 * Remembers the answer to a write of status, so that the next decision compares with what we have just written, not with
 * what the watch will say in a moment. The answer is the whole server: what its owner wrote since it was `judged` is known
 * with it, the watch tells nothing new of that, and so the server is looked at again.
 */
export function takeAnswer(
  judged: Pick<ObjectMeta, 'uid' | 'generation'>,
  answer: unknown,
  { servers, lookAgain }: Pick<World, 'servers' | 'lookAgain'>,
): void {
  servers.put(answer);
  const { name, namespace } = metaOf(answer);
  const key = keyOf({ kind: API.kind, namespace, name });
  // Of an answer that the watch was quicker to tell of nothing more was read.
  const known = servers.identityOf(key);
  if (known?.uid !== judged.uid || known.generation !== judged.generation) lookAgain(key);
}
