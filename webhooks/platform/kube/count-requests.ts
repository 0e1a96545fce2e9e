import { Counter, type Registry } from 'prom-client';
import { metricPrefix } from '../metrics.ts';
import type { ApiError, ApiRequest, KubeApi } from './api.ts';

/** What came of a request: `refused` is a 4xx that means the request, `unanswered` is no connection, or no answer in time. */
export const requestResults = ['ok', 'conflict', 'throttled', 'refused', 'failed', 'unanswered'] as const;
export type RequestResult = (typeof requestResults)[number];

/** An API whose requests are counted, each once however often it had to be sent; a watch when it ends. */
export function countRequests(api: KubeApi, registry: Registry): KubeApi {
  const requests = new Counter({
    name: `${metricPrefix}api_requests_total`,
    help: 'Requests to the API server, by what came of them; a watch is counted when it ends.',
    labelNames: ['method', 'result'],
    registers: [registry],
  });
  const count = (method: ApiRequest['method'] | 'WATCH', error?: ApiError): void => {
    requests.inc({ method, result: error === undefined ? 'ok' : resultOf(error) });
  };
  return {
    async request(request) {
      const result = await api.request(request);
      count(request.method, result.ok ? undefined : result.error);
      return result;
    },
    async watch(request, onEvent) {
      const end = await api.watch(request, onEvent);
      count('WATCH', end.why === 'failed' ? end.error : undefined);
      return end;
    },
  };
}

function resultOf({ status }: ApiError): RequestResult {
  if (status === 0) return 'unanswered';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  return status < 500 ? 'refused' : 'failed';
}
