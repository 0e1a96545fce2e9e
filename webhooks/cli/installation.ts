import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { policyVariables } from '../platform/policy/policy-variables.ts';

/** What the chart gives to every object of a release, unless `nameOverride` says otherwise (chart/templates/_helpers.tpl). */
export const chartLabel = 'app.kubernetes.io/name=mcp-lifecycle';

/** Its webhook configurations, whatever `nameOverride` says (the same file). */
export const configurationName = 'mcp-lifecycle';

/** Its ValidatingAdmissionPolicy and the binding of that (chart/templates/admission-policy.yaml). */
export const admissionPolicyName = 'mcp-lifecycle-privileges';

/** Containers of the Deployment; both of them know where the policy is. */
export const ownContainers = { webhook: 'webhook', reconciler: 'reconciler' } as const;

/** Most bytes of a configuration, and of the Deployments with that label: there is one of a few KiB each. */
export const maxInstallationBytes = 2 * 1024 * 1024;

/** A Service, by which API servers ask. */
export interface AskedService {
  readonly namespace: string;
  readonly service: string;
}

/** Whom API servers ask, as the first webhook of a configuration says. */
export function serviceIn(configuration: unknown): AskedService | undefined {
  const [first] = listAt(configuration, 'webhooks');
  const service = recordAt(recordAt(first, 'clientConfig'), 'service');
  const [namespace, name] = [stringAt(service, 'namespace'), stringAt(service, 'name')];
  return namespace === undefined || name === undefined ? undefined : { namespace, service: name };
}

/** Those of a list of Deployments whose pods are behind the Service, by what they know of it: others may have its label. */
export function deploymentsOf(listed: unknown, service: string): readonly unknown[] {
  return listAt(listed, 'items').filter((one) => environmentOf(one)?.get(policyVariables.service) === service);
}

export function containerOf(deployment: unknown, name: string): unknown {
  const spec = recordAt(recordAt(recordAt(deployment, 'spec'), 'template'), 'spec');
  return listAt(spec, 'containers').find((one) => stringAt(one, 'name') === name);
}

/** The variables of one container, those that are written out; undefined when there is no such container. */
export function environmentOf(
  deployment: unknown,
  name: string = ownContainers.webhook,
): ReadonlyMap<string, string> | undefined {
  const container = containerOf(deployment, name);
  if (container === undefined) return undefined;
  const env = listAt(container, 'env').map(
    (one) => [stringAt(one, 'name') ?? '', stringAt(one, 'value') ?? ''] as const,
  );
  return new Map(env);
}
