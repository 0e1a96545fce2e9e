import type { ApiRequest, KubeApi } from '../../../platform/kube/api.ts';
import { metaOf } from '../../../platform/kube/object.ts';
import type { FakeKubeApi } from '../../../platform/kube/testing/fake-kube-api.ts';

/** With a kubelet that says at once what became of a pod, before anybody looks at it. */
export function withKubelet(api: FakeKubeApi, status: object): KubeApi {
  return {
    watch: api.watch.bind(api),
    async request(asked: ApiRequest) {
      const answer = await api.request(asked);
      if (answer.ok && asked.method === 'POST' && asked.path.endsWith('/pods'))
        api.put(`${asked.path}/${metaOf(answer.body).name}`, { status });
      return answer;
    },
  };
}
