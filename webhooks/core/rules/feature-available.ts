import type { ApiState, Installation } from '../engine/installation.ts';
import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { ciliumNetworkPolicy } from '../resources/cilium-network-policy.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import { isAsked, lackOf, stateOf } from '../resources/optional-kind.ts';
import type { AskedKind, Lack } from '../resources/optional-kind.ts';
import type { Violation } from '../mcpserver/violation.ts';

/** What would be open or closed otherwise than the spec says is refused: egress-hosts-enforced. */
const optionalKinds = expandedKinds.filter(isAsked).filter(({ kind }) => kind !== ciliumNetworkPolicy.kind);

const values = [...new Set(optionalKinds.map(({ requirement }) => `\`${requirement.feature}.enabled\``))];

const asksForMetrics = { extensions: { metrics: { port: 'mcp' } } };
const installationIn = (state: ApiState): Installation => ({
  ...{ namespace: 'mcp-lifecycle-system', image: 'registry.example.com/mcp-lifecycle:0.1.0' },
  ...{ clusterDomain: 'cluster.local', serviceAccounts: [], secrets: [], podLabels: {} },
  apis: new Map([['PodMonitor', state]]),
});

export const featureAvailable: Rule = {
  id: 'feature-available',
  severity: 'warn',
  summary: 'What a server asks of another project should be there, and switched on.',
  rationale:
    'Some parts of a spec become objects of other projects, such as a PodMonitor of the Prometheus operator. Without ' +
    'that project in the cluster they have no effect. While the feature is switched off in the values of the chart, nothing is made or ' +
    'changed, and what was made before stays as it is. ' +
    `Each has a value: ${values.join(', ')}. ` +
    'The server runs all the same, a condition says what is missing, and what was asked for is made as soon as it can be.',
  remedy:
    'Set the value of the chart, where the feature is switched off; install what is missing, where it is on; or leave the field out.',
  examples: {
    accepts: [
      { title: 'a server that asks for nothing', installation: installationIn('off') },
      { title: 'a feature that is there', spec: asksForMetrics, installation: installationIn('served') },
    ],
    rejects: [
      { title: 'a feature that is switched off', spec: asksForMetrics, installation: installationIn('off') },
      {
        title: 'a feature whose project is not installed',
        spec: asksForMetrics,
        installation: installationIn('absent'),
      },
    ],
  },
  check({ server, apis }) {
    if (apis === undefined) return none;
    let found: Violation[] | undefined;
    for (const of of optionalKinds) {
      if (!of.requirement.asking.isAskedFor(server)) continue;
      const lack = lackOf(of, stateOf(of, apis));
      if (lack?.status === 'False') (found ??= []).push(toViolation(of, lack));
    }
    return found ?? none;
  },
};

/** A warning at admission has room for the headline alone, so that says what to do, too. */
function toViolation({ kind, requirement }: AskedKind, { reason, what, fix }: Lack): Violation {
  const { feature, asking } = requirement;
  const headline =
    reason === 'FeatureDisabled' ? `switched off here: set ${feature}.enabled=true` : `${what}: install it`;
  const remedy = `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.`;
  const detail = `no ${kind} is made or changed for this server until then`;
  return { path: asking.path, headline, detail, remedy, cause: [reason, kind] };
}
