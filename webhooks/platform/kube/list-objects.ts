import { LONGEST_OBJECT_BYTES, type ApiError, type ApiResult, type KubeApi } from './api.ts';
import { listAt, recordAt, stringAt } from './object.ts';

export interface ListOptions {
  readonly path: string;
  readonly labelSelector?: string;
  /** Takes an object as it comes; says whether more of them are wanted. */
  readonly onObject: (object: unknown) => boolean;
}

/** Of one page. Both are those of {@link ListWatch}, which follows a collection; this one reads it once. */
const pageSize = 50;
const maxPageBytes = 2 * 1024 * 1024;
const listTimeoutMs = 60_000;

/**
 * Reads a collection once, page by page, in the version of its first page; nothing is kept here. Returns why it could not
 * be read to its end: what came before that was handed on.
 */
export async function listObjects(
  api: KubeApi,
  { path, labelSelector, onObject }: ListOptions,
): Promise<ApiError | undefined> {
  let limit = pageSize;
  let token: string | undefined;
  for (;;) {
    const page: ApiResult = await api.request({
      method: 'GET',
      path,
      query: { limit: String(limit), continue: token, labelSelector },
      timeoutMs: listTimeoutMs,
      maxBytes: limit > 1 ? maxPageBytes : LONGEST_OBJECT_BYTES,
    });
    if (!page.ok) {
      if (page.error.reason !== 'TooLarge' || limit === 1) return page.error;
      // A few long objects stop nobody.
      limit = Math.ceil(limit / 2);
      continue;
    }
    limit = Math.min(limit * 2, pageSize);
    for (const object of listAt(page.body, 'items')) if (!onObject(object)) return undefined;
    token = stringAt(recordAt(page.body, 'metadata'), 'continue');
    if (token === undefined || token === '') return undefined;
  }
}
