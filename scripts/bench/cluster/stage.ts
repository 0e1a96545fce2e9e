import { upCluster, type ClusterHandle } from '../../cluster/cluster.ts';
import { runCommand } from '../../cluster/command.ts';
import { ensureImagesLoaded, ensureInstalled, release } from '../../quickstart/install.ts';
import type { BuiltImage } from '../../image/build.ts';
import type { ImageName } from '../../image/catalogue.ts';
import type { KubeApi } from '../../../webhooks/platform/kube/api.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import type { Progress } from '../measurement.ts';

/** A real cluster of the bench's own, with the chart on it. */
export interface Stage {
  readonly cluster: ClusterHandle;
  readonly api: KubeApi;
  readonly images: ReadonlyMap<ImageName, BuiltImage>;
  /** Runs kubectl; throws with what it said when it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
}

/** Separate from the cluster that people work with; it stays up for the next measurement (`npm run cluster -- down --name bench`). */
const clusterName = 'bench';

/** Label selector of everything that the chart made. */
export const ofRelease = `app.kubernetes.io/instance=${release.name}`;

/**
 * Brings up the cluster with the images (`more` of them beside the usual ones) and the chart as users install it, but for
 * `values` (`autoscaling.enabled=true`), which the next one to open it finds set back.
 */
export async function openStage(
  progress: Progress,
  more: readonly ImageName[] = [],
  values: readonly string[] = [],
): Promise<Stage> {
  const cluster = await upCluster({ name: clusterName }, progress);
  const images = await ensureImagesLoaded(cluster, ['mcp-lifecycle', 'kubernetes-mcp-server', ...more], progress);
  const [program] = images;
  if (program === undefined) throw new Error('images are returned in the order asked for');
  await ensureInstalled(cluster, program, progress, { args: values.flatMap((value) => ['--set', value]) });
  // kubeconfig.ts reads it as kubectl does.
  process.env['KUBECONFIG'] = cluster.kubeconfig;
  return {
    cluster,
    api: await connectToCluster(process.env),
    images: new Map(images.map((image) => [image.name, image])),
    async kubectl(...args) {
      const { code, stdout, stderr } = await runCommand(['kubectl', ...args], { env: cluster.environment });
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
      return stdout;
    },
  };
}

/** Runs `work` in a namespace that did not exist before and is gone afterwards. */
export async function inNamespace<T>(stage: Stage, name: string, work: () => Promise<T>): Promise<T> {
  await stage.kubectl('delete', 'namespace', name, '--ignore-not-found');
  await stage.kubectl('create', 'namespace', name);
  try {
    return await work();
  } finally {
    await stage.kubectl('delete', 'namespace', name, '--wait=true', '--timeout=10m');
  }
}

/** Waits until every pod of the release is a new one and ready. */
export async function untilRolledOut(stage: Stage): Promise<void> {
  await stage.kubectl('-n', release.namespace, 'rollout', 'status', 'deployment', release.name, '--timeout=3m');
}
