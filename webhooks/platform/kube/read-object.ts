import { LONGEST_OBJECT_BYTES, objectPath, type ApiResult, type KubeApi } from './api.ts';
import { listAt } from './object.ts';

/** One object by its name. */
export interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name: string;
}

/** How lists and watches choose that object: what a right with `resourceNames` allows. */
interface NameSelection {
  readonly path: string;
  readonly fieldSelector: string;
}

/** Whatever stands in the name: an object that is wrong by its names has to be told so, and is looked for first. */
export function selectByName({ apiVersion, plural, namespace, name }: NamedObject): NameSelection {
  const path = objectPath({ apiVersion, plural, ...(namespace === undefined ? {} : { namespace }) });
  return { path, fieldSelector: `metadata.name=${name.replaceAll(/[\\,=]/g, String.raw`\$&`)}` };
}

/** The object as it is now, not as a cache remembers it; undefined when it does not exist. The right to list is enough. */
export async function readObject(api: KubeApi, object: NamedObject, signal: AbortSignal): Promise<ApiResult> {
  const { path, fieldSelector } = selectByName(object);
  const query = { fieldSelector };
  const listed = await api.request({ method: 'GET', path, query, maxBytes: LONGEST_OBJECT_BYTES, signal });
  return listed.ok ? { ok: true, body: listAt(listed.body, 'items')[0] } : listed;
}
