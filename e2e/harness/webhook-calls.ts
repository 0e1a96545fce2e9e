import { release } from '../../scripts/quickstart/install.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

/** Calls of our webhooks that failed, as the API server counts them: also those that the failure policy Ignore hides. */
export async function countFailedCalls(): Promise<number> {
  const metrics = await kubectlOk(['get', '--raw', '/metrics']);
  const failures =
    /^apiserver_admission_webhook_(?:fail_open_count\{|rejection_count\{error_type="(?:calling_webhook|apiserver_internal)_error").*mcp\.x-k8s\.io.* (\d+)$/gm;
  return [...metrics.matchAll(failures)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/**
 * Changes an MCPServer without a pause as long as `work` takes, by two kubectl at a time; both webhooks judge each change.
 * Returns how many there were, and what kubectl said of those that failed.
 */
export async function changeDuring(
  server: { readonly namespace: string; readonly name: string },
  work: () => Promise<void>,
): Promise<{ readonly count: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let count = 0;
  let isOver = false;
  const change = async (worker: string): Promise<void> => {
    while (!isOver) {
      count += 1;
      const annotation = `e2e.mcp-lifecycle/${worker}=${String(count)}`;
      const args = ['annotate', 'mcpserver', server.name, '--namespace', server.namespace, '--overwrite', annotation];
      const { code, stderr } = await kubectl(args);
      if (code !== 0) failures.push(stderr);
    }
  };
  const workers = [change('first'), change('second')];
  try {
    await work();
  } finally {
    isOver = true;
    await Promise.all(workers);
  }
  return { count, failures };
}

/** The caBundle of every webhook of ours, in PEM. */
export async function readCaBundles(): Promise<readonly string[]> {
  const bundles = await Promise.all(
    ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'].map((kind) =>
      kubectlOk(['get', kind, release.name, '--output', 'jsonpath={.webhooks[*].clientConfig.caBundle}']),
    ),
  );
  return bundles.flatMap((text) => text.split(' ')).map((bundle) => Buffer.from(bundle, 'base64').toString());
}
