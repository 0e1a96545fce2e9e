import { API, isOfGroup } from '../mcpserver/api.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { OwnerReference } from '../resources/expanded-kind.ts';
import type { ObservedChild } from './observed.ts';

export type Ownership =
  /** Controlled by this MCPServer. */
  | { readonly type: 'ours' }
  /** Controlled by an MCPServer of the same name that is gone: left over from a delete that orphaned it, or restored. */
  | { readonly type: 'orphan'; readonly former: OwnerReference }
  /** Somebody else's; never touched. */
  | { readonly type: 'foreign'; readonly message: string };

/** Whose an existing object is. Names decide nothing: the controller reference does. */
export function judgeOwnership(server: MCPServer, child: ObservedChild): Ownership {
  const { controller, kind, name } = child;
  if (controller === undefined) {
    const advice = 'delete the resource first or choose a different name';
    return { type: 'foreign', message: `${kind} ${name} exists but has no controller owner; ${advice}` };
  }
  if (controller.uid === server.metadata.uid) return { type: 'ours' };
  if (isMCPServer(controller) && controller.name === server.metadata.name)
    return { type: 'orphan', former: controller };
  const owner = `${controller.kind}/${controller.name} (${controller.uid})`;
  return { type: 'foreign', message: `${kind} ${name} is owned by ${owner}, cannot be managed by MCPServer` };
}

/** The reference that makes a child this MCPServer's, and lets it vanish with it. */
export function controllerReference(server: MCPServer): OwnerReference {
  const { name, uid } = server.metadata;
  if (uid === undefined) throw new Error(`MCPServer ${name} has no uid: only an object of a cluster can own others`);
  // The storage version, whichever version the server was read as: a reference must not change with the reader.
  const { apiVersion, kind } = API;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function isMCPServer(owner: OwnerReference): boolean {
  return owner.kind === API.kind && isOfGroup(owner.apiVersion);
}
