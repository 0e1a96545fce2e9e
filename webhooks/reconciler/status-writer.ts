import type { MCPServer, MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { nextEvents } from '../core/plan/events.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { applyStatus } from '../platform/kube/apply.ts';
import { mcpServers, regarding } from './world.ts';
import type { World } from './world.ts';

/** `gone`: the server was deleted or replaced meanwhile, which is somebody else's event. */
export type StatusWrite =
  { readonly result: 'unchanged' | 'written' | 'gone' } | { readonly result: 'failed'; readonly error: ApiError };

/** Writes the status if it says anything new, and then tells what happened as events. */
export async function writeStatus(
  server: MCPServer,
  next: MCPServerStatus,
  world: World,
  signal: AbortSignal,
): Promise<StatusWrite> {
  if (next === server.status) return { result: 'unchanged' };
  const { name, namespace = '', uid = '' } = server.metadata;
  const result = await applyStatus(world.api, { ...mcpServers, name, namespace, uid, status: next, signal });
  if (!result.ok) {
    const isGone = result.error.status === 404 || result.error.status === 409;
    return isGone ? { result: 'gone' } : { result: 'failed', error: result.error };
  }
  // The next decision compares with what we have just written, not with what the watch will say in a moment.
  world.servers.put(result.body);
  for (const event of nextEvents(server, next)) {
    world.events.record({ regarding: regarding({ name, namespace, uid }), ...event });
  }
  return { result: 'written' };
}
