import type { ClusterHandle } from './cluster.ts';

/** Lines for a POSIX shell's `eval`. The shell expands its own PATH, so using them twice does no harm. */
export function renderExports({ kubeconfig, toolsPath }: Pick<ClusterHandle, 'kubeconfig' | 'toolsPath'>): string {
  return `export KUBECONFIG=${quote(kubeconfig)}\nexport PATH=${quote(toolsPath)}:"$PATH"\n`;
}

/**
 * Lines that say what is wrong and fail. A shell that goes on regardless must not reach the cluster of somebody's own
 * kubeconfig: the path below cannot exist, and kubectl and helm refuse to read it.
 */
export function renderMissing(message: string): string {
  return `export KUBECONFIG=/dev/null/there-is-no-local-cluster\nprintf '%s\\n' ${quote(message)} >&2\nfalse\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
