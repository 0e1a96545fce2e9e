import type { CertificateView } from './next-step.ts';
import { isInPlace, webhookConfigurationTypes, type WebhookConfigurationType } from './webhook-configuration.ts';

/** What somebody else did to a webhook configuration: who may do that owns admission. */
export const foreignChanges = ['ca-bundle', 'deleted'] as const;
export type ForeignChange = (typeof foreignChanges)[number];

/** Called with what is there and the bundle that we want, undefined where it is not ours to write. */
export type LookForForeignChanges = (
  configurations: CertificateView['configurations'],
  wanted: string | undefined,
) => void;

/**
 * Tells each change once. A bundle that was as we want it and is not, though we want the same, was changed by somebody else:
 * configurations are read before the Secret that says what we want, so a bundle of another replica never looks like that.
 */
export function createForeignChanges(
  onChange: (type: WebhookConfigurationType, change: ForeignChange) => void,
): LookForForeignChanges {
  const seen = new Map<WebhookConfigurationType, { readonly inPlace: string | undefined }>();
  return (configurations, wanted) => {
    for (const type of webhookConfigurationTypes) {
      const configuration = configurations[type];
      const before = seen.get(type);
      if (configuration === undefined) {
        if (seen.delete(type)) onChange(type, 'deleted');
        continue;
      }
      const inPlace = wanted !== undefined && isInPlace(configuration, wanted) ? wanted : undefined;
      if (wanted !== undefined && inPlace === undefined && before?.inPlace === wanted) onChange(type, 'ca-bundle');
      seen.set(type, { inPlace });
    }
  };
}
