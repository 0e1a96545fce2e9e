import { setTimeout as sleep } from 'node:timers/promises';
import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

/** Calls of our webhooks that failed, as the API server counts them: also those that the failure policy Ignore hides. */
export async function countFailedCalls(): Promise<number> {
  const metrics = await kubectlOk(['get', '--raw', '/metrics']);
  const failures =
    /^apiserver_admission_webhook_(?:fail_open_count\{|rejection_count\{error_type="(?:calling_webhook|apiserver_internal)_error").*mcp\.x-k8s\.io.* (\d+)$/gm;
  return [...metrics.matchAll(failures)].reduce((sum, [, count]) => sum + Number(count), 0);
}

export interface Changes {
  /** Waits until so many changes more are done that began after the call. */
  readonly untilMore: (count: number) => Promise<void>;
}

/** Between two changes of one kubectl, in milliseconds: without it they keep two processors busy. */
const pauseMs = 150;

/**
 * Changes an MCPServer again and again as long as `work` takes, by two kubectl at a time; both webhooks judge each change.
 * Returns what kubectl said of those that failed. `work` says where in it there must have been changes, however slow the
 * machine is.
 */
export async function changeDuring(
  server: { readonly namespace: string; readonly name: string },
  work: (changes: Changes) => Promise<void>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  let begun = 0;
  let done = 0;
  let isOver = false;
  const change = async (worker: string): Promise<void> => {
    while (!isOver) {
      begun += 1;
      const annotation = `e2e.mcp-lifecycle/${worker}=${String(begun)}`;
      const args = ['annotate', 'mcpserver', server.name, '--namespace', server.namespace, '--overwrite', annotation];
      const { code, stderr } = await kubectl(args);
      if (code !== 0) failures.push(stderr);
      done += 1;
      await sleep(pauseMs);
    }
  };
  const untilMore = async (count: number): Promise<void> => {
    // Those under way began before.
    const enough = begun + count;
    await eventually(`${count} changes more`, () => Promise.resolve(done >= enough));
  };
  const workers = [change('first'), change('second')];
  try {
    await work({ untilMore });
  } finally {
    isOver = true;
    await Promise.all(workers);
  }
  return failures;
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
