import type { JudgedContainer } from '../engine/judged-container.ts';
import type { Rule, RuleInput } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { inside, pathTo, type Place } from '../mcpserver/place.ts';
import type { Probe } from '../mcpserver/types.gen.ts';
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
      {
        title: 'a startup probe of another host',
        spec: { extensions: { startupProbe: { httpGet: { host: '169.254.169.254', port: 80 } } } },
      },
    ],
  },
  check: (input) => eachContainer(input, checkContainer),
};

function checkContainer({ health, startupProbe }: JudgedContainer, { server }: RuleInput): readonly Violation[] {
  const { livenessProbe, readinessProbe } = health.of(server) ?? {};
  const startup = startupProbe.of(server);
  return join(
    isOfPod(livenessProbe) ? none : checkProbe(livenessProbe, inside(health.place, 'livenessProbe')),
    isOfPod(readinessProbe) ? none : checkProbe(readinessProbe, inside(health.place, 'readinessProbe')),
    isOfPod(startup) ? none : checkProbe(startup, startupProbe.place),
  );
}

function isOfPod({ httpGet, tcpSocket }: Probe = {}): boolean {
  return isOwn(httpGet?.host) && isOwn(tcpSocket?.host);
}

function checkProbe({ httpGet, tcpSocket }: Probe = {}, place: Place): readonly Violation[] {
  return [
    ...checkHost(httpGet?.host, pathTo(place, 'httpGet', 'host')),
    ...checkHost(tcpSocket?.host, pathTo(place, 'tcpSocket', 'host')),
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
