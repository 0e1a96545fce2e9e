import { childName } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import { announcementOf } from '../resources/gateway-announcement.ts';
import type { ObservedChild } from './observed.ts';
import { isOurs } from './optional-conditions.ts';

/** Whether what stands announces the server to the gateway that it names, by our own word. */
export function isAnnounced(server: MCPServer, observed: readonly ObservedChild[]): boolean {
  const mark = announcementOf(server)?.mark;
  if (mark === undefined) return false;
  return observed.some(
    ({ kind, name, controller, ownedFields }) =>
      kind === mark.kind &&
      name === childName(server) &&
      isOurs(controller, server) &&
      ownedFields?.includes(`"f:${mark.field}"`) === true,
  );
}
