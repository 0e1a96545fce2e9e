import type { Registry } from 'prom-client';
import type { PlainRoutes } from './plain-server.ts';

/** `/metrics` in the Prometheus text format. */
export function metricsRoutes(registry: Registry): PlainRoutes {
  return {
    '/metrics': async () => ({ status: 200, contentType: registry.contentType, body: await registry.metrics() }),
  };
}
