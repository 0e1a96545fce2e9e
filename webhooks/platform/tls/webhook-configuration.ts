import type { X509Certificate } from 'node:crypto';
import { objectPath, type ApiResult, type KubeApi } from '../kube/api.ts';
import { listAt, metaOf, recordAt, stringAt } from '../kube/object.ts';
import { findTrustAnchor } from './trust-bundle.ts';

/** The two kinds of webhook configuration: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
export const webhookConfigurations = {
  mutating: { kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations' },
  validating: { kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations' },
} as const;

export type WebhookConfigurationType = keyof typeof webhookConfigurations;

export const webhookConfigurationTypes = [
  'mutating',
  'validating',
] as const satisfies readonly WebhookConfigurationType[];

export const webhookConfigurationApi = 'admissionregistration.k8s.io/v1';

/** Whom API servers trust when they call the webhooks of one configuration. */
export interface WebhookConfiguration {
  readonly resourceVersion: string;
  /** PEM text of each webhook; empty where there is none. */
  readonly caBundles: readonly string[];
}

/** Never fails; undefined when there is no such configuration. */
export function parseWebhookConfiguration(configuration: unknown): WebhookConfiguration | undefined {
  if (configuration === undefined) return undefined;
  return {
    resourceVersion: metaOf(configuration).resourceVersion,
    caBundles: listAt(configuration, 'webhooks').map((webhook) =>
      Buffer.from(stringAt(recordAt(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString('utf8'),
    ),
  };
}

/** Every webhook trusts exactly this. For each other bundle an API server builds a new client and opens new connections. */
export function isInPlace(configuration: WebhookConfiguration, caBundle: string): boolean {
  return configuration.caBundles.every((found) => found === caBundle);
}

/** The CA by which API servers trust a certificate. */
export interface Trust {
  /** Absent when the configuration has no webhooks: then nobody has to trust us. */
  readonly anchor?: X509Certificate;
}

/** Undefined when some webhook of the configuration does not trust the certificate. */
export function findTrust(configuration: WebhookConfiguration, certificate: string): Trust | undefined {
  const anchors = configuration.caBundles.map((bundle) => findTrustAnchor(certificate, bundle));
  if (anchors.includes(undefined)) return undefined;
  const [anchor] = anchors;
  return anchor === undefined ? {} : { anchor };
}

/**
 * Writes the bundle where it differs. The indexes are right for exactly the version that was read, hence the `test`: it
 * fails (422) when anybody else wrote since.
 */
export function writeCaBundle(
  api: KubeApi,
  target: { readonly type: WebhookConfigurationType; readonly name: string },
  write: { readonly configuration: WebhookConfiguration; readonly caBundle: string; readonly signal: AbortSignal },
): Promise<ApiResult> {
  const { configuration, caBundle } = write;
  const value = Buffer.from(caBundle).toString('base64');
  const writes = configuration.caBundles.flatMap((found, index) =>
    found === caBundle ? [] : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value }],
  );
  return api.request({
    method: 'PATCH',
    path: objectPath({
      apiVersion: webhookConfigurationApi,
      plural: webhookConfigurations[target.type].plural,
      name: target.name,
    }),
    contentType: 'application/json-patch+json',
    body: [{ op: 'test', path: '/metadata/resourceVersion', value: configuration.resourceVersion }, ...writes],
    signal: write.signal,
  });
}
