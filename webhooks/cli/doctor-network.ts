import { metaOf } from '../platform/kube/object.ts';
import { networkVerdictIn } from '../platform/network-verdict.ts';
import { notKnown, renderMoment, type DoctorLine } from './doctor-line.ts';
import type { Survey } from './doctor-survey.ts';

const topic = 'network';

/** Whether anything enforces NetworkPolicies; nothing where nobody wants to know (networkPolicy.probe). */
export function checkNetwork({ installation: { deployment, network } }: Survey): readonly DoctorLine[] {
  if (deployment.state !== 'found' || network === undefined) return [];
  const { namespace } = metaOf(deployment.object);
  const what = 'whether NetworkPolicies are enforced';
  if (network.state === 'unknown') {
    return [notKnown(topic, { what, seen: network, right: `get configmaps in ${namespace}` })];
  }
  if (network.state === 'missing') {
    const found = `Not known ${what}: the ConfigMap that keeps it is gone, so nobody asks`;
    return [{ topic, level: 'warning', found, remedy: 'helm upgrade brings it back' }];
  }
  const verdict = networkVerdictIn(network.object);
  if (verdict === undefined) {
    return [{ topic, level: 'note', found: `Not known ${what}: that is tried within minutes of an installation` }];
  }
  const { outcome, because = '' } = verdict;
  const when = renderMoment(verdict.askedAt);
  switch (outcome) {
    case 'Enforced':
      return [{ topic, level: 'ok', found: `NetworkPolicies are enforced, as was tried at ${when}` }];
    case 'NotEnforced': {
      const found = `Nothing enforces NetworkPolicies: at ${when} one was tried, and did not keep two pods of ${namespace} apart`;
      const remedy =
        'Install a network plugin that enforces them, as Calico, Cilium or kube-router; until then everybody reaches every server, whatever spec.network says';
      return [{ topic, level: 'warning', found, remedy }];
    }
    case 'Unknown': {
      const remedy = 'Mend what that names: it is tried again every hour; or set networkPolicy.probe=false';
      return [{ topic, level: 'warning', found: `Not known ${what}, as of ${when}: ${because}`, remedy }];
    }
  }
}
