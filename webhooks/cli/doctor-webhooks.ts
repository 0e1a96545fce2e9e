import { API } from '../core/mcpserver/api.ts';
import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { splitPem } from '../platform/tls/pem.ts';
import { findTrustAnchor } from '../platform/tls/trust-bundle.ts';
import { parseWebhookConfiguration, webhookConfigurations } from '../platform/tls/webhook-configuration.ts';
import { notKnown, renderMoment, type DoctorLine } from './doctor-line.ts';
import type { Look, Survey } from './doctor-survey.ts';
import { configurationName } from './installation.ts';
import { count } from './outputs/told.ts';

/** Whether API servers ask us, and can trust us. */
export function checkWebhooks({ mutating, validating }: Survey): readonly DoctorLine[] {
  return Object.entries({ mutating, validating }).flatMap(([type, seen]) => {
    const { kind, plural } = webhookConfigurations[type as keyof typeof webhookConfigurations];
    const verb = verbs[type as keyof typeof webhookConfigurations];
    return checkConfiguration({ name: `${kind} ${configurationName}`, plural, verb }, seen);
  });
}

/** Begins the name of the webhook that each configuration has in any case (chart/templates/webhook-configurations.yaml). */
const verbs = { mutating: 'mutate', validating: 'validate' } as const satisfies Readonly<
  Record<keyof typeof webhookConfigurations, string>
>;

interface Configuration {
  readonly name: string;
  readonly plural: string;
  readonly verb: string;
}

function checkConfiguration({ name, plural, verb }: Configuration, seen: Look): readonly DoctorLine[] {
  const topic = 'webhooks';
  if (seen.state === 'unknown')
    return [notKnown(topic, { what: `what ${name} is like`, seen, right: `get ${plural}` })];
  if (seen.state === 'missing') {
    const remedy = 'helm upgrade brings it back';
    return [{ topic, level: 'problem', found: `There is no ${name}: nobody asks us about MCPServers`, remedy }];
  }
  const webhooks = listAt(seen.object, 'webhooks');
  if (!webhooks.some((one) => askedBy(one) === verb)) {
    const found = `${name} has no webhook ${verb}: API servers do not ask us to ${verb} MCPServers`;
    const remedy = 'helm upgrade brings it back; look who took it out, or it goes again';
    return [{ topic, level: 'problem', found, remedy }];
  }
  const policies = webhooks.map((one) => `${askedBy(one)} ${stringAt(one, 'failurePolicy') ?? ''}`);
  const namespaces = namespacesIn(webhooks[0]);
  const where = namespaces.length === 0 ? 'every namespace' : `namespaces ${namespaces.join(', ')}`;
  const lines: DoctorLine[] = [
    { topic, level: 'ok', found: `${name} is asked about ${where}: ${policies.join(', ')}` },
  ];
  const untrusted =
    parseWebhookConfiguration(seen.object)?.caBundles.filter((bundle) => splitPem(bundle).length === 0) ?? [];
  if (untrusted.length > 0) {
    const found = `${count(untrusted.length, 'webhook')} of ${name} ${untrusted.length === 1 ? 'has' : 'have'} no CA bundle: API servers cannot trust us`;
    const remedy =
      'Our pods put it back within seconds, or cert-manager does: look at their logs, and at who takes it away';
    lines.push({ topic, level: 'problem', found, remedy });
  }
  return lines;
}

/** `validate`; of a kind above MCPServer with what it is about: `validate mcpservers.mcp.v2dy.io`. */
function askedBy(webhook: unknown): string {
  const [verb = '', ...about] = (stringAt(webhook, 'name') ?? '').split('.');
  const resource = about.join('.');
  return resource === `${API.plural}.${API.group}` ? verb : `${verb} ${resource}`;
}

/** Those that the chart limits it to; none: it is limited to none. */
export function namespacesIn(webhook: unknown): readonly string[] {
  const [first] = listAt(recordAt(webhook, 'namespaceSelector'), 'matchExpressions');
  return listAt(first, 'values').filter((one) => typeof one === 'string');
}

const dayMs = 86_400_000;

/** Of its life, what is left when nobody has replaced it in time: we do with a third left, cert-manager mostly as well. */
const lateShare = 0.1;

/** Until when our certificate, and the CA by which it is trusted, are valid. */
export function checkCertificate({
  installation: { certificate, deployment },
  validating,
  service,
  now,
}: Survey): readonly DoctorLine[] {
  const topic = 'certificate';
  const bundle = validating.state === 'found' ? (parseWebhookConfiguration(validating.object)?.caBundles[0] ?? '') : '';
  const authorities = splitPem(bundle).map((one) => ageOf('CA of the webhooks', one, now));
  // While it is exchanged there are two.
  const [authority] = authorities.sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const lines: DoctorLine[] = authority === undefined ? [] : [authority];
  if (certificate.state === 'unknown') {
    const right = `get the Secret of the certificate in ${service?.namespace ?? 'its namespace'}`;
    const what = 'until when the serving certificate is valid';
    return [...lines, notKnown(topic, { what, seen: certificate, right })];
  }
  if (deployment.state !== 'found') return lines;
  return [...lines, ...checkServing(certificate.state === 'found' ? String(certificate.object) : '', { bundle, now })];
}

function checkServing(
  chain: string,
  { bundle, now }: { readonly bundle: string; readonly now: Date },
): readonly DoctorLine[] {
  const topic = 'certificate';
  const [leaf] = splitPem(chain);
  if (leaf === undefined) {
    const remedy = 'Look at the log of container webhook: it says what keeps it from issuing or finding one';
    return [{ topic, level: 'problem', found: 'The Secret has no serving certificate', remedy }];
  }
  const line = ageOf('Serving certificate', leaf, now);
  if (bundle === '' || findTrustAnchor(chain, bundle) !== undefined) return [line];
  const found = 'API servers do not trust the serving certificate: it is of another CA than the bundle of the webhooks';
  const remedy =
    'Our pods, or cert-manager, put the bundle back: look at their logs; with tls.existingSecret give tls.caBundle';
  return [line, { topic, level: 'problem', found, remedy }];
}

/** Best first. */
const levels: readonly DoctorLine['level'][] = ['ok', 'warning', 'problem'];

function ageOf(
  what: string,
  { validFrom, validTo }: { readonly validFrom: string; readonly validTo: string },
  now: Date,
): DoctorLine {
  const topic = 'certificate';
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const leftMs = to - now.getTime();
  const until = `is valid until ${renderMoment(validTo)}`;
  const remedy =
    'See docs/guides/certificates.md: whoever issues it should have replaced it; the log of container webhook says why not';
  if (leftMs <= 0)
    return { topic, level: 'problem', found: `${what} has expired: it ${until.replace('is', 'was')}`, remedy };
  const found = `${what} ${until}, ${count(Math.floor(leftMs / dayMs), 'more day')}`;
  return leftMs < (to - from) * lateShare ? { topic, level: 'warning', found, remedy } : { topic, level: 'ok', found };
}
