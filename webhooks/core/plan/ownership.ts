import { API, isOfKind } from '../mcpserver/api.ts';
import type { OwnerKind } from '../mcpserver/api.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { OwnerReference } from '../resources/expanded-kind.ts';
import type { ObservedChild } from './observed.ts';

/** What children belong to, and end with. */
export interface Owner {
  readonly of: OwnerKind;
  readonly name: string;
  /** Of an object that is in no cluster there is none; it owns nothing. */
  readonly uid: string | undefined;
}

export function ownerOf({ metadata: { name, uid } }: MCPServer): Owner {
  return { of: API, name, uid };
}

export type Ownership =
  /** Controlled by this owner. */
  | { readonly type: 'ours' }
  /** Controlled by an owner of the same name that is gone: left over from a delete that orphaned it, or restored. */
  | { readonly type: 'orphan'; readonly former: OwnerReference }
  /** Somebody else's; never touched. */
  | { readonly type: 'foreign'; readonly message: string };

/** Whose an existing object is. Names decide nothing: the controller reference does. */
export function judgeOwnership({ of, name, uid }: Owner, child: ObservedChild): Ownership {
  const { controller } = child;
  if (controller === undefined) {
    const advice = 'delete the resource first or choose a different name';
    return { type: 'foreign', message: `${child.kind} ${child.name} exists but has no controller owner; ${advice}` };
  }
  if (controller.uid === uid) return { type: 'ours' };
  if (isOfKind(controller, of) && controller.name === name) return { type: 'orphan', former: controller };
  const other = `${controller.kind}/${controller.name} (${controller.uid})`;
  const message = `${child.kind} ${child.name} is owned by ${other}, cannot be managed by ${of.kind}`;
  return { type: 'foreign', message };
}

/** The reference that makes a child the owner's, and lets it vanish with it. */
export function controllerReference({ of: { apiVersion, kind }, name, uid }: Owner): OwnerReference {
  if (uid === undefined) throw new Error(`${kind} ${name} has no uid: only an object of a cluster can own others`);
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
