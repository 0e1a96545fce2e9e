import { isQualifiedName } from '../../mcpserver/kubernetes-names.ts';

/** Prefix of the huge pages of one size: `hugepages-2Mi`. */
export const HUGE_PAGES = 'hugepages-';

/** What a container can ask for without a domain, besides huge pages. */
const ofContainers: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/**
 * Whether a container can have a resource of this name: one of Kubernetes' own, huge pages, or an extended resource.
 * https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources
 */
export function isResourceName(name: string): boolean {
  if (!isQualifiedName(name)) return false;
  if (!name.includes('/')) return ofContainers.has(name) || name.startsWith(HUGE_PAGES);
  return isNative(name) || isExtendedResource(name);
}

/** A resource of a device plugin, `nvidia.com/gpu`: counted in whole numbers. */
export function isExtendedResource(name: string): boolean {
  // A quota calls it `requests.<name>`, and that has to be a name as well.
  return !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`);
}

/** Whether a container may be promised less than its limit of it. */
export function canOvercommit(name: string): boolean {
  return isNative(name) && !name.startsWith(HUGE_PAGES);
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}
