const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const dataKey = /^[-._a-zA-Z0-9]+$/;

/**
 * Whether the text can name most objects: at most 253 lower case letters, digits, hyphens and dots.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && subdomain.test(name);
}

/** Whether the text is a DNS label: at most 63 lower case letters, digits and hyphens. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && dnsLabel.test(name);
}

/**
 * `name` or `domain/name`: the key of a label. That of an annotation is judged in lower case.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash !== -1 && !isSubdomain(key.slice(0, slash))) return false;
  // The pattern knows no slash, so a second one is refused as well.
  const name = key.slice(slash + 1);
  return name.length <= 63 && qualifiedName.test(name);
}

/** Whether the text can be the value of a label; an empty one can. */
export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && qualifiedName.test(value));
}

/** Whether the text can be a key of a ConfigMap or a Secret: https://kubernetes.io/docs/concepts/configuration/configmap/ */
export function isDataKey(key: string): boolean {
  return key.length <= 253 && dataKey.test(key) && key !== '.' && !key.startsWith('..');
}
