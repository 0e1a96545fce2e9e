/**
 * Whether `a` was written before `b`. Versions of one kind of object are decimal numbers that grow
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); they can exceed what a JavaScript
 * number holds. Anything else compares as not older, which only costs another look.
 */
export function isOlder(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
