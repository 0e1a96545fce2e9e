import { targetPort } from '../../platform/network-target.ts';
import { listAt, metaOf, recordAt, stringAt } from '../../platform/kube/object.ts';

export const podsApi = { apiVersion: 'v1', plural: 'pods' } as const;
export const policiesApi = { apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies' } as const;

/** Of the pod: the selector of the policy, and of nothing else. */
const TARGET_LABEL = 'app.kubernetes.io/name';

/** After which the pod is ended whoever has forgotten it, in seconds. */
const deadlineSeconds = 600;

/** What the target is made like, of our own pod: how it is pulled, on which nodes it may run, and as whom. */
const copied = [
  ...['imagePullSecrets', 'nodeSelector', 'priorityClassName', 'runtimeClassName', 'securityContext', 'tolerations'],
  'serviceAccountName',
];

export interface ProbeNames {
  /** Of the ConfigMap, of the pod and of the NetworkPolicy. */
  readonly name: string;
  /** Of each pod of ours. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** A pod that greets whoever connects: a copy of our own container in what clusters ask of pods. Undefined if that is not there. */
export function buildTarget(own: unknown, configMap: unknown, names: ProbeNames): object | undefined {
  const spec = recordAt(own, 'spec');
  const container = listAt(spec, 'containers').find((one) => stringAt(one, 'name') === 'reconciler');
  const image = stringAt(container, 'image');
  if (spec === undefined || image === undefined) return undefined;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: probeMetadata(configMap, { ...inheritedLabels(own, names), [TARGET_LABEL]: names.name }),
    spec: {
      ...Object.fromEntries(copied.flatMap((field) => (spec[field] === undefined ? [] : [[field, spec[field]]]))),
      ...{ restartPolicy: 'Never', activeDeadlineSeconds: deadlineSeconds, terminationGracePeriodSeconds: 1 },
      ...{ automountServiceAccountToken: false, enableServiceLinks: false },
      containers: [
        {
          ...{ name: 'network-target', image, args: ['network-target'] },
          imagePullPolicy: stringAt(container, 'imagePullPolicy'),
          ports: [{ containerPort: targetPort }],
          resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '96Mi' } },
          securityContext: recordAt(container, 'securityContext'),
        },
      ],
    },
  };
}

/** Lets nobody connect to the target. */
export function buildPolicy(configMap: unknown, { name }: ProbeNames): object {
  return {
    ...{ apiVersion: policiesApi.apiVersion, kind: 'NetworkPolicy' },
    metadata: probeMetadata(configMap, { [TARGET_LABEL]: name }),
    spec: { podSelector: { matchLabels: { [TARGET_LABEL]: name } }, policyTypes: ['Ingress'] },
  };
}

/** Both belong to the ConfigMap: they go with it, when the value is switched off or the release is removed. */
function probeMetadata(configMap: unknown, labels: Readonly<Record<string, string>>): object {
  const { name, namespace, uid } = metaOf(configMap);
  return { name, namespace, labels, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }] };
}

/** What a cluster may demand of every pod (`team`), without that by which pods are found to be ours. */
function inheritedLabels(own: unknown, { podLabels }: ProbeNames): Readonly<Record<string, string>> {
  const labels = recordAt(recordAt(own, 'metadata'), 'labels') ?? {};
  return Object.fromEntries(
    Object.entries(labels).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !(entry[0] in podLabels) && entry[0] !== 'pod-template-hash',
    ),
  );
}
