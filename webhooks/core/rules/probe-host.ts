import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import type { Probe } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

export const probeHost: Rule = {
  id: 'probe-host',
  severity: 'deny',
  isAboutPrivileges: true,
  summary: 'A probe must ask the pod itself, not another host.',
  rationale:
    'Probes are sent by the kubelet, from the network of the node. With `host` they go wherever the manifest says, past ' +
    'every NetworkPolicy: to the metadata service of the cloud, to services of the node, into other networks. And they ' +
    'say nothing about the server. The `baseline` Pod Security Standard refuses it since Kubernetes 1.34. To choose a ' +
    'virtual host, an HTTP probe has the header `Host` in httpHeaders.',
  remedy: 'Remove host.',
  examples: {
    accepts: [
      {
        title: 'a probe of the pod',
        spec: { runtime: { health: { livenessProbe: { httpGet: { path: '/healthz', port: 'mcp' } } } } },
      },
      {
        title: 'a probe of the pod with a Host header',
        spec: {
          runtime: {
            health: {
              livenessProbe: { httpGet: { port: 'mcp', httpHeaders: [{ name: 'Host', value: 'search.example.com' }] } },
            },
          },
        },
      },
    ],
    rejects: [
      {
        title: 'an HTTP probe of another host',
        spec: { runtime: { health: { livenessProbe: { httpGet: { host: '169.254.169.254', port: 80 } } } } },
      },
      {
        title: 'a TCP probe of the node',
        spec: { runtime: { health: { readinessProbe: { tcpSocket: { host: '127.0.0.1', port: 10250 } } } } },
      },
    ],
  },
  check({ server }) {
    const { livenessProbe, readinessProbe } = server.spec.runtime?.health ?? {};
    return join(checkProbe('livenessProbe', livenessProbe), checkProbe('readinessProbe', readinessProbe));
  },
};

function checkProbe(field: string, { httpGet, tcpSocket }: Probe = {}): readonly Violation[] {
  return join(checkHost(httpGet?.host, field, 'httpGet'), checkHost(tcpSocket?.host, field, 'tcpSocket'));
}

function checkHost(host: string | undefined, field: string, handler: string): readonly Violation[] {
  if (host === undefined || host === '') return none;
  const path = ['spec', 'runtime', 'health', field, handler, 'host'];
  return [{ path, headline: 'the probe asks another host than the pod', detail: `found '${host}'` }];
}
