import { API } from '../core/mcpserver/api.ts';
import type { ApiResult } from '../platform/kube/api.ts';
import { splitKey } from '../platform/kube/object.ts';
import { readObject } from '../platform/kube/read-object.ts';
import type { World } from './world.ts';

/**
 * The server as it is remembered, or, if its text is not, as it is; without a body when there is none. Fails as the API
 * server does. Whatever the answer is not yet, an event will bring.
 */
export async function readServer(
  key: string,
  { api, servers }: Pick<World, 'api' | 'servers'>,
  signal: AbortSignal,
): Promise<ApiResult> {
  const known = servers.get(key);
  if (known !== undefined || !servers.has(key)) return { ok: true, body: known };
  return readObject(api, { ...API, ...splitKey(key) }, signal);
}
