import path from 'node:path';

/** Our own file, for every provider: nobody's ~/.kube/config is touched. */
export function kubeconfigOf(directory: string): string {
  return path.join(directory, 'kubeconfig');
}
