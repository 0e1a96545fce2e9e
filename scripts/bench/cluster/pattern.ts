import type { KubernetesObject } from '../../../webhooks/core/resources/expanded-kind.ts';

/** What was written of one server. */
export interface Pattern {
  /** Those of the server: wherever they stand, another one has its own. No other word of it may have this name in it. */
  readonly name: string;
  readonly uid: string;
  readonly objects: readonly Written[];
  readonly status: unknown;
}

interface Written {
  readonly plural: string;
  readonly object: KubernetesObject;
}

/** The same, of another server. */
export function forServer(pattern: Pattern, { name, uid }: Pick<Pattern, 'name' | 'uid'>): Pattern {
  const text = JSON.stringify(pattern).replaceAll(pattern.name, name).replaceAll(pattern.uid, uid);
  return JSON.parse(text) as Pattern;
}

/** An object as it can be written again: without what an API server adds. */
export function withoutMarks({ metadata: { name, namespace }, ...object }: KubernetesObject): KubernetesObject {
  const said = Object.entries(object).filter(([field]) => !field.startsWith('deprecated'));
  return { ...(Object.fromEntries(said) as typeof object), metadata: { name, namespace } };
}
