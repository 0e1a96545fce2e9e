/** A server behind a gateway, and how many calls of it have come so far. */
export interface Calls {
  readonly namespace: string;
  readonly name: string;
  readonly answered: number;
  readonly failed: number;
}

/**
 * What the gateways say of a server, by their names: the text that a Prometheus reads there, without types and the rest. It is as a
 * real Envoy 1.40 and a real Traefik 3.6 had it for clusters and services of these names; the names are what the code of Contour
 * 1.33, Envoy Gateway 1.9 and both versions of Traefik makes.
 */
export const gatewaySamples: Readonly<Record<string, (calls: Calls) => string>> = {
  contour: (calls) => envoySamples(`${calls.namespace}_${calls.name}_8080`, calls),
  'envoy-gateway': (calls) => envoySamples(`httproute/${calls.namespace}/${calls.name}-gateway-binding/rule/0`, calls),
  'traefik-3.6': (calls) => traefikSamples(`${calls.namespace}-${calls.name}-http-8080`, calls),
  'traefik-3.7': (calls) => {
    const route = `${calls.namespace}-${calls.name}-gateway-binding-gw-gateways-public-ep-web-0-799bcbf0c2317c5d1c93`;
    return traefikSamples(`httproute-${route}-svc-${calls.namespace}-${calls.name}-0`, calls);
  },
};

function traefikSamples(service: string, { answered, failed }: Calls): string {
  const labels = (code: number): string =>
    `code="${code}",method="POST",protocol="http",service="${service}@kubernetesgateway"`;
  const bucket = (le: string, count: number): string =>
    `traefik_service_request_duration_seconds_bucket{${labels(200)},le="${le}"} ${count}`;
  return lines(
    `traefik_service_requests_total{${labels(200)}} ${answered}`,
    `traefik_service_requests_total{${labels(503)}} ${failed}`,
    bucket('0.1', answered / 2),
    ...['0.3', '1.2', '5', '+Inf'].map((le) => bucket(le, answered)),
    `traefik_service_request_duration_seconds_sum{${labels(200)}} ${answered * 0.1}`,
    `traefik_service_request_duration_seconds_count{${labels(200)}} ${answered}`,
  );
}

function envoySamples(cluster: string, { answered, failed }: Calls): string {
  const labels = `envoy_cluster_name="${cluster}"`;
  const ofClass = (one: number, count: number): string =>
    `envoy_cluster_upstream_rq_xx{envoy_response_code_class="${one}",${labels}} ${count}`;
  const bucket = (le: string, count: number): string =>
    `envoy_cluster_upstream_rq_time_bucket{${labels},le="${le}"} ${count}`;
  return lines(
    ofClass(2, answered),
    ofClass(5, failed),
    bucket('50', 0),
    bucket('100', answered / 2),
    ...['250', '500', '1000', '+Inf'].map((le) => bucket(le, answered)),
    `envoy_cluster_upstream_rq_time_sum{${labels}} ${answered * 100}`,
    `envoy_cluster_upstream_rq_time_count{${labels}} ${answered}`,
  );
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
