import type { ChildKind, KubernetesObject } from '../resources/expanded-kind.ts';
import type { ForeignFields } from './foreign/claim.ts';
import type { Drift } from './owned-fields.ts';

/**
 * Why a child is applied. `missing`: it does not exist. `adopted`: a former server of that name owns it. `changed`: it is not
 * what is wanted now. `drift`: somebody changed or removed what is ours. `foreign`: what is ours stands, and what others
 * wrote has to go.
 */
export type ApplyCause = 'missing' | 'adopted' | 'changed' | 'drift' | 'foreign';

/** What has to be done about one child. Nothing to do = no action. */
export type Action =
  /**
   * `uid` absent: nobody has seen such an object; create it, and leave one alone that exists nevertheless.
   * `drift`: how our fields differ from the object; present where that is why, or a part of it.
   * `claims`: others own fields where only we have a say. They are made ours first, so that the apply removes them.
   */
  | {
      readonly type: 'apply';
      readonly of: ChildKind;
      readonly object: KubernetesObject;
      readonly uid?: string;
      readonly cause: ApplyCause;
      readonly drift?: Drift;
      readonly claims?: ForeignFields;
      /** Pods that exist are replaced, because their template is another one. */
      readonly replacesPods?: true;
      /** Where pods are replaced: JSON of the fields that are ours as it stands, as observed. */
      readonly owned?: string;
    }
  | {
      readonly type: 'delete';
      readonly of: ChildKind;
      readonly name: string;
      readonly uid: string;
      /** One of that name is wanted, and cannot be made of this one. */
      readonly isForAnother?: true;
    }
  /** Exists and is not ours: said in status, never touched. */
  | { readonly type: 'conflict'; readonly of: ChildKind; readonly name: string; readonly message: string };

/** Which of its owner's children an action is about: a kind may have several. */
export interface ChildName {
  readonly kind: string;
  readonly name: string;
}

export function childOf(action: Action): ChildName {
  return { kind: action.of.kind, name: action.type === 'apply' ? action.object.metadata.name : action.name };
}

/** The same as one text; no name holds a slash. */
export function childIdOf(action: Action): string {
  const { kind, name } = childOf(action);
  return `${kind}/${name}`;
}

/** The kind in such a text; all of one that has no slash. */
export function kindOf(childId: string): string {
  return childId.split('/', 1)[0] ?? childId;
}

export function isSameChild(a: ChildName, b: ChildName): boolean {
  return a.kind === b.kind && a.name === b.name;
}

/** How an action ended. */
export type Outcome =
  | { readonly action: Action; readonly result: 'done' }
  /**
   * `retry` says whether trying again can help (a 5xx, a lost connection) or not (the object is refused). `cause`: which
   * failure it is, in no words.
   */
  | {
      readonly action: Action;
      readonly result: 'failed';
      readonly message: string;
      readonly cause: string;
      readonly retry: boolean;
    };
