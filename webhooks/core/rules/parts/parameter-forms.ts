import type { TextForm } from '../../engine/parameters.ts';
import { LABELS } from '../../mcpserver/api.ts';
import { isQualifiedName } from '../../mcpserver/kubernetes-names.ts';
import { parseRange } from './address-ranges.ts';

/**
 * Most names and globs of a list: an object may have ten thousands of names, and each is compared with every glob (`npm run
 * bench -- rule-costs`).
 */
export const maxPatterns = 100;

/** The name of an object, as Kubernetes knows them, or a glob. */
export const objectName: TextForm = {
  what: 'the name of an object, or a part of it with * for the rest',
  pattern: /^[a-z0-9.*-]+$/,
};

/** The key of a label or an annotation, or a glob. */
export const metadataKey: TextForm = {
  what: 'the key of a label or annotation, or a part of it with * for the rest',
  pattern: /^[A-Za-z0-9._/*-]+$/,
};

/** A Gateway, or a glob. */
export const gatewayPlace: TextForm = {
  what: 'NAMESPACE/NAME of a Gateway, or a part of it with * for the rest',
  pattern: /^[a-z0-9.*-]+\/[a-z0-9.*-]+$/,
};

/** In lower case, as they are compared. */
export const hostname: TextForm = {
  what: 'the name of a host in lower case, or a part of it with * for the rest',
  pattern: /^[a-z0-9.*-]+$/,
};

/** What cannot be the key of a label would be asked for in vain. */
export const labelKey: TextForm = {
  what: 'the key of a label, such as example.com/team',
  pattern: /^(?:[a-z0-9.-]+\/)?[A-Za-z0-9._-]+$/,
  isUsable: isQualifiedName,
};

/** As {@link labelKey}, but for those of ours, which no author gives to pods (core/resources/child-metadata.ts). */
export const podLabelKey: TextForm = {
  ...labelKey,
  what: `the key of a label that authors can give to pods, and so not ${Object.values(LABELS).join(' or ')}`,
  except: Object.values(LABELS),
};

/** What no image reference could begin with would allow nothing, and nobody would notice. */
export const registryPlace: TextForm = {
  what: 'a registry by its host name, with or without a path, and without a tag: ghcr.io/example',
  pattern: /^(?:localhost|[^/@\s*]*[.:A-Z][^/@\s*]*)(?:\/[a-z0-9._-]+)*\/?$/,
};

/** What cannot be read would refuse nothing. */
export const addressRange: TextForm = {
  what: 'an address range, such as 10.0.0.0/8',
  pattern: /^[0-9A-Fa-f:.]+\/[0-9]{1,3}$/,
  isUsable: (text) => parseRange(text) !== undefined,
};

/** Who is asked for names: everybody in a namespace of the platform, or whoever has an address. */
export const dnsServer: TextForm = {
  what: 'the name of a namespace, or an address range, such as 169.254.20.10/32',
  pattern: /^(?:[a-z0-9-]{1,63}|[0-9A-Fa-f:.]+\/[0-9]{1,3})$/,
  isUsable: (text) => !text.includes('/') || parseRange(text) !== undefined,
};
