// No two repetitions side by side match the same characters, so none of these tries anything twice.
const subdomain = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/;
const dnsLabel = /^[a-z0-9]+(?:-+[a-z0-9]+)*$/;
const name = /^[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*$/;
const qualifiedName =
  /^(?:[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*\/)?[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*$/;
const dataKey = /^[-._a-zA-Z0-9]+$/;

/**
 * Whether the text can name most objects: at most 253 lower case letters, digits, hyphens and dots.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && subdomain.test(text);
}

/** Whether the text is a DNS label: at most 63 lower case letters, digits and hyphens. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/**
 * `name` or `domain/name`: the key of a label. That of an annotation is judged in lower case.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  return slash <= 253 && key.length - slash - 1 <= 63 && qualifiedName.test(key);
}

/** Whether the text can be the value of a label; an empty one can. */
export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && name.test(value));
}

/** Whether the text can be a key of a ConfigMap or a Secret: https://kubernetes.io/docs/concepts/configuration/configmap/ */
export function isDataKey(key: string): boolean {
  return key.length <= 253 && dataKey.test(key) && key !== '.' && !key.startsWith('..');
}
