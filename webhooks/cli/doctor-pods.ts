import { listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { notKnown, type DoctorLine } from './doctor-line.ts';
import type { Look, Survey } from './doctor-survey.ts';

const topic = 'pods';

/** Whether its pods run, and whether anybody is led to them. */
export function checkPods({ installation: { deployment, endpoints, pods }, service }: Survey): readonly DoctorLine[] {
  if (deployment.state !== 'found') return [];
  const { namespace } = metaOf(deployment.object);
  const lines: DoctorLine[] = [countReady(deployment.object)];
  if (endpoints.state === 'found' && !hasReady(endpoints))
    lines.push({
      ...{
        topic,
        level: 'problem',
        found: `Service ${namespace}/${service?.service ?? ''} leads to no ready pod, so no webhook answers`,
      },
      remedy: `Look at the pods: kubectl --namespace ${namespace} describe pods --selector app.kubernetes.io/name=mcp-lifecycle`,
    });
  if (endpoints.state === 'unknown')
    lines.push(
      notKnown(topic, {
        what: `whether Service ${namespace}/${service?.service ?? ''} leads to a pod`,
        seen: endpoints,
        right: `list endpointslices in ${namespace}`,
      }),
    );
  if (pods.state === 'unknown')
    lines.push(notKnown(topic, { what: 'how the pods are', seen: pods, right: `list pods in ${namespace}` }));
  if (pods.state === 'found') lines.push(...listAt(pods.object, 'items').slice(0, maxPods).flatMap(troublesOf));
  return lines;
}

/** Most pods that are looked at one by one. */
const maxPods = 20;

function countReady(deployment: unknown): DoctorLine {
  const { namespace, name } = metaOf(deployment);
  const wanted = numberAt(recordAt(deployment, 'spec'), 'replicas') ?? 1;
  const status = recordAt(deployment, 'status');
  const [ready, updated] = [numberAt(status, 'readyReplicas') ?? 0, numberAt(status, 'updatedReplicas') ?? 0];
  const found = `${ready} of ${wanted} pods are ready`;
  const remedy = `kubectl --namespace ${namespace} rollout status deployment ${name}`;
  if (ready === 0)
    return { topic, level: 'problem', found: `${found}: MCPServers can be neither created nor changed`, remedy };
  if (ready < wanted) return { topic, level: 'warning', found, remedy };
  return updated < wanted
    ? { topic, level: 'warning', found: `${found}, and ${wanted - updated} of an older version`, remedy }
    : { topic, level: 'ok', found };
}

/** Restarts from which on they are told. */
const manyRestarts = 3;

function troublesOf(pod: unknown): readonly DoctorLine[] {
  const { namespace, name } = metaOf(pod);
  return listAt(recordAt(pod, 'status'), 'containerStatuses').flatMap((status): readonly DoctorLine[] => {
    const container = stringAt(status, 'name') ?? '';
    const who = `Container ${container} of ${namespace}/${name}`;
    const waiting = recordAt(recordAt(status, 'state'), 'waiting');
    const [why, message] = [stringAt(waiting, 'reason') ?? '', stringAt(waiting, 'message') ?? ''];
    if (why !== '' && why !== 'ContainerCreating' && why !== 'PodInitializing') {
      const remedy = `kubectl --namespace ${namespace} logs --previous ${name} --container ${container}`;
      return [
        {
          topic,
          level: 'problem',
          found: `${who} does not run: ${why}${message === '' ? '' : `, ${message}`}`,
          remedy,
        },
      ];
    }
    const restarts = numberAt(status, 'restartCount') ?? 0;
    const last = stringAt(recordAt(recordAt(status, 'lastState'), 'terminated'), 'reason') ?? '';
    if (last === 'OOMKilled') {
      const found = `${who} was killed for want of memory, and restarted ${restarts} times`;
      return [{ topic, level: 'warning', found, remedy: `Raise ${container}.resources.limits.memory in the chart` }];
    }
    if (restarts < manyRestarts) return [];
    const remedy = `kubectl --namespace ${namespace} logs --previous ${name} --container ${container}`;
    return [{ topic, level: 'warning', found: `${who} was restarted ${restarts} times (${last})`, remedy }];
  });
}

/** Whether one of these EndpointSlices leads to a pod that is ready. */
export function hasReady(slices: Look): boolean {
  const items = slices.state === 'found' ? listAt(slices.object, 'items') : [];
  const endpoints = items.flatMap((slice) => listAt(slice, 'endpoints'));
  return endpoints.some((one) => recordAt(one, 'conditions')?.['ready'] !== false);
}

/** Renewed every few seconds; older than this by the clock of this machine, nobody leads, in milliseconds. */
const staleLeaseMs = 120_000;

/** Whether a reconciler works. */
export function checkLeader({ installation: { deployment, lease }, now }: Survey): readonly DoctorLine[] {
  if (deployment.state !== 'found') return [];
  const { namespace } = metaOf(deployment.object);
  if (lease.state === 'unknown')
    return [
      notKnown('leader', {
        what: 'whether a reconciler works',
        seen: lease,
        right: `get leases in ${namespace}`,
      }),
    ];
  const remedy = `Look at the log: kubectl --namespace ${namespace} logs deployment/${metaOf(deployment.object).name} --container reconciler`;
  const spec = lease.state === 'found' ? recordAt(lease.object, 'spec') : undefined;
  const holder = stringAt(spec, 'holderIdentity') ?? '';
  if (holder === '')
    return [{ topic: 'leader', level: 'problem', found: 'No reconciler leads: nothing is run or reported', remedy }];
  const ageMs = now.getTime() - Date.parse(stringAt(spec, 'renewTime') ?? '');
  if (!(ageMs < staleLeaseMs)) {
    const found = `The reconciler ${holder} has not renewed its Lease for ${Math.round(ageMs / 1000)} seconds, by the clock of this machine: nothing is run or reported`;
    return [{ topic: 'leader', level: 'problem', found, remedy }];
  }
  return [{ topic: 'leader', level: 'ok', found: `The reconciler of ${holder} works` }];
}
