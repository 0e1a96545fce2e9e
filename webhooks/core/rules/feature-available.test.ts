import { expect, it } from '@jest/globals';
import type { ApiState } from '../engine/installation.ts';
import { maxWarningLength, renderSentence, renderWarning } from '../engine/render.ts';
import { expandedKinds } from '../resources/index.gen.ts';
import { isAsked } from '../resources/optional-kind.ts';
import { askingFor } from '../resources/testing/asking.ts';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { featureAvailable } from './feature-available.ts';

const asked = expandedKinds.filter(isAsked).filter(({ kind }) => kind !== 'CiliumNetworkPolicy');

function found(kind: string, state: ApiState) {
  const apis = new Map<string, ApiState>(asked.map((of) => [of.kind, of.kind === kind ? state : 'served']));
  const installation = anInstallation({ apis });
  return evaluateRules([featureAvailable], {
    server: anMCPServer(askingFor(kind)),
    installation,
    facts: inMemoryFacts(),
  });
}

it.each(asked.map(({ kind, requirement }) => [kind, requirement.feature] as const))(
  'a warning at admission has the value that switches %s on, whole',
  (kind, feature) => {
    const [finding, ...others] = found(kind, 'off');
    if (finding === undefined) throw new Error('nothing found');
    const warning = renderWarning(finding);
    expect(warning).toContain(`: switched off here: set ${feature}.enabled=true [feature-available]`);
    expect(warning.length).toBeLessThanOrEqual(maxWarningLength);
    expect(renderSentence(finding)).toContain(`no ${kind} is made or changed for this server`);
    expect(others).toEqual([]);
  },
);

// Every Kubernetes has the others.
it.each(['PodMonitor', 'ServiceMonitor', 'MCPGatewayBinding', 'HTTPRoute', 'MCPServerRegistration'])(
  'a warning at admission says that %s has to be installed',
  (kind) => {
    const [finding] = found(kind, 'absent');
    if (finding === undefined) throw new Error('nothing found');
    expect(renderWarning(finding)).toMatch(new RegExp(`: this cluster has no ${kind} \\([^)]+\\): install it \\[`));
  },
);
