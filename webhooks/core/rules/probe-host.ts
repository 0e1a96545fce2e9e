import type { JudgedContainer } from '../engine/judged-container.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { Health, Probe } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { eachContainer } from './parts/security-contexts.ts';

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
  check: (input) => eachContainer(input, checkContainer),
};

function checkContainer({ health }: JudgedContainer, { server }: RuleInput): readonly Violation[] {
  const { place } = health;
  const { livenessProbe, readinessProbe } = health.of(server) ?? {};
  return join(checkProbe(livenessProbe, place, 'livenessProbe'), checkProbe(readinessProbe, place, 'readinessProbe'));
}

function checkProbe({ httpGet, tcpSocket }: Probe = {}, place: Place, field: keyof Health): readonly Violation[] {
  if (isOwn(httpGet?.host) && isOwn(tcpSocket?.host)) return none;
  return [
    ...checkHost(httpGet?.host, pathTo(place, field, 'httpGet', 'host')),
    ...checkHost(tcpSocket?.host, pathTo(place, field, 'tcpSocket', 'host')),
  ];
}

function checkHost(host: string | undefined, path: FieldPath): readonly Violation[] {
  if (isOwn(host)) return none;
  return [{ path, headline: 'the probe asks another host than the pod', detail: `found '${host}'` }];
}

/** Empty is what nothing is. */
function isOwn(host: string | undefined): host is '' | undefined {
  return host === undefined || host === '';
}
