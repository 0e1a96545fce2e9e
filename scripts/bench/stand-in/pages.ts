import type { ApiRequest, ApiResult } from '../../../webhooks/platform/kube/api.ts';
import { listAt, recordAt } from '../../../webhooks/platform/kube/object.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';

/**
 * Lists page by page, each as it was at its first page: an API server does not look through all that it has for each page
 * either.
 */
export class Pages {
  readonly #objects: FakeKubeApi;
  readonly #lists = new Map<string, unknown>();
  #count = 0;

  constructor(objects: FakeKubeApi) {
    this.#objects = objects;
  }

  request(request: ApiRequest): ApiResult {
    const { limit = '500', continue: token = '', ...query } = request.query ?? {};
    const [id = '', from = '0'] = token === '' ? [`list${(this.#count += 1)}`] : token.split('/');
    if (token === '') this.#lists.set(id, this.#objects.read({ ...request, query }));
    const list = this.#lists.get(id);
    const items = listAt(list, 'items');
    const next = Number(from) + Number(limit);
    const isLast = next >= items.length;
    if (isLast) this.#lists.delete(id);
    const metadata = { ...recordAt(list, 'metadata'), ...(isLast ? {} : { continue: `${id}/${next}` }) };
    return { ok: true, body: { kind: 'List', metadata, items: items.slice(Number(from), next) } };
  }
}
