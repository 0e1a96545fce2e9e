import { listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { policyVariables } from '../platform/policy/policy-variables.ts';
import { notKnown, type DoctorLine } from './doctor-line.ts';
import type { Look, NotSeen, Survey } from './doctor-survey.ts';
import { admissionPolicyName, environmentOf } from './installation.ts';

const topic = 'webhooks';
const name = `ValidatingAdmissionPolicy ${admissionPolicyName}`;
const remedy = 'helm upgrade brings it back; look who took it out or changed it, or it goes again';

/** What API servers refuse by themselves where the webhook lets everything pass while it does not answer. */
export function checkAdmissionPolicy(survey: Survey): readonly DoctorLine[] {
  const { validating, admissionPolicy: seen, admissionBinding: binding, installation } = survey;
  if (validating.state !== 'found' || installation.deployment.state !== 'found') return [];
  if (!failsOpen(validating.object)) return isLeft(seen);
  if (seen.state === 'unknown') return [unknown(name, seen, 'validatingadmissionpolicies')];
  if (seen.state === 'missing') return [ofMissing(installation.deployment.object)];
  const lines = [...checkBinding(binding), ...checkContent(seen.object, installation.deployment.object)];
  const ok: DoctorLine = { topic, level: 'ok', found: `${name} refuses privileges while no webhook answers` };
  return lines.length === 0 ? [ok] : lines;
}

/** As the webhook that judges MCPServers says; others may stand beside it. */
function failsOpen(configuration: unknown): boolean {
  const [first] = listAt(configuration, 'webhooks');
  return stringAt(first, 'failurePolicy') === 'Ignore';
}

/** It does no harm, and says less than the webhook. */
function isLeft(seen: Look): readonly DoctorLine[] {
  const found = `${name} is there although the webhook fails closed: the chart has none then`;
  return seen.state === 'found' ? [{ topic, level: 'note', found }] : [];
}

/** The chart has none where somebody else writes the policy, or where that lets privileges pass somewhere. */
function ofMissing(deployment: unknown): DoctorLine {
  const env = environmentOf(deployment);
  const isBuiltIn = (env?.get(policyVariables.configMap) ?? '') === '';
  const isDefault = [undefined, '', 'default'].includes(env?.get(policyVariables.compatibility));
  const found = `There is no ${name}: while no webhook answers, API servers let privileges pass`;
  return isBuiltIn && isDefault
    ? { topic, level: 'problem', found, remedy }
    : { topic, level: 'note', found: `${found}. The chart has none for what this policy does not refuse everywhere` };
}

function checkBinding(binding: Look): readonly DoctorLine[] {
  const what = `ValidatingAdmissionPolicyBinding ${admissionPolicyName}`;
  if (binding.state === 'unknown') return [unknown(what, binding, 'validatingadmissionpolicybindings')];
  const spec = binding.state === 'found' ? recordAt(binding.object, 'spec') : undefined;
  const denies = listAt(spec, 'validationActions').includes('Deny');
  const isLimited = recordAt(spec, 'matchResources') !== undefined;
  if (denies && !isLimited && stringAt(spec, 'policyName') === admissionPolicyName) return [];
  const why = spec === undefined ? 'is missing' : isLimited ? 'limits where it holds' : 'does not deny by it';
  return [{ topic, level: 'problem', found: `${name} is not enforced: its ${what} ${why}`, remedy }];
}

function checkContent(policy: unknown, deployment: unknown): readonly DoctorLine[] {
  const lines: DoctorLine[] = [];
  const [of, installed] = [chartOf(policy), chartOf(deployment)];
  if (of !== installed)
    lines.push({
      topic,
      level: 'warning',
      found: `${name} is of chart ${of}, the installation of ${installed}`,
      remedy,
    });
  const status = recordAt(policy, 'status');
  const [first, ...others] = listAt(recordAt(status, 'typeChecking'), 'expressionWarnings');
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    const found = `The API server warns of ${name}: ${stringAt(first, 'fieldRef') ?? ''}: ${stringAt(first, 'warning') ?? ''}${more}`;
    const upgrade = 'Is the CustomResourceDefinition of the same chart? helm upgrade brings both; tell us if it stays';
    lines.push({ topic, level: 'warning', found, remedy: upgrade });
  } else if ((numberAt(status, 'observedGeneration') ?? 0) < metaOf(policy).generation) {
    lines.push({ topic, level: 'note', found: `No API server has checked the types of ${name} yet` });
  }
  return lines;
}

function chartOf(object: unknown): string {
  return stringAt(recordAt(recordAt(object, 'metadata'), 'labels'), 'helm.sh/chart') ?? 'of an unknown version';
}

function unknown(what: string, seen: NotSeen, plural: string): DoctorLine {
  return notKnown(topic, { what: `what ${what} is like`, seen, right: `get ${plural}` });
}
