import { objectPath } from '../kube/api.ts';
import { listAt, metaOf, recordAt, stringAt } from '../kube/object.ts';
import { followObject, type FollowOptions, type Handled } from './follow-object.ts';

/** The two kinds of webhook configuration: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
export const webhookConfigurations = {
  mutating: { kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations' },
  validating: { kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations' },
} as const;

export type WebhookConfigurationType = keyof typeof webhookConfigurations;

export interface CaBundleOptions extends Pick<FollowOptions, 'api' | 'clock' | 'log' | 'signal'> {
  readonly type: WebhookConfigurationType;
  /** Name of the configuration; the chart creates it without a caBundle. */
  readonly name: string;
  /** PEM of what API servers shall trust: one CA, or two during a rotation. */
  readonly caBundle: string;
  /** Every webhook of the configuration has our bundle. Called after each look at it. */
  readonly onInPlace: () => void;
}

/** A JSON patch whose `test` failed (422), or an update in between (409): look again and decide anew. */
const changedMeanwhile = new Set([409, 422]);

/**
 * Keeps our CA in one webhook configuration, for as long as the signal lets it: a bundle that somebody wiped (a
 * GitOps tool that does not know the field, for example) is written again. Writes only what differs, because for
 * each new bundle an API server builds a new client and opens new connections.
 */
export async function keepCaBundle(options: CaBundleOptions): Promise<void> {
  const { kind, plural } = webhookConfigurations[options.type];
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const wanted = Buffer.from(options.caBundle).toString('base64');
  await followObject({
    ...options,
    object: { apiVersion, kind, plural, name: options.name },
    onObject: async (configuration): Promise<Handled> => {
      const { log, name } = options;
      if (configuration === undefined) {
        // Helm creates it after our Deployment; the watch tells us.
        log.info('waiting for the webhook configuration', { kind, name });
        return 'done';
      }
      const patch = patchFor(configuration, wanted);
      if (patch.length === 0) {
        options.onInPlace();
        return 'done';
      }
      const written = await options.api.request({
        method: 'PATCH',
        path: objectPath({ apiVersion, plural, name }),
        contentType: 'application/json-patch+json',
        body: patch,
        signal: options.signal,
      });
      if (!written.ok) {
        if (!changedMeanwhile.has(written.error.status)) {
          log.warn('cannot write the CA bundle', { kind, name, error: written.error.message });
        }
        return 'again';
      }
      log.info('wrote the CA bundle', { kind, name });
      options.onInPlace();
      return 'done';
    },
  });
}

/** Empty when nothing differs. The indexes are right for exactly the version that was read, hence the `test`. */
function patchFor(configuration: unknown, caBundle: string): readonly object[] {
  const writes = listAt(configuration, 'webhooks').flatMap((webhook, index) =>
    stringAt(recordAt(webhook, 'clientConfig'), 'caBundle') === caBundle
      ? []
      : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }],
  );
  const { resourceVersion } = metaOf(configuration);
  return writes.length === 0
    ? []
    : [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...writes];
}
