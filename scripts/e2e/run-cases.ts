import { fileURLToPath } from 'node:url';
import { upCluster } from '../cluster/cluster.ts';
import { runCommand, runInteractively } from '../cluster/command.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { createStderrReport } from '../cluster/progress.ts';
import { ImageFailure } from '../image/failure.ts';
import { whyNoUv } from '../image/python.ts';
import { ensureImagesLoaded, ensureInstalled } from '../quickstart/install.ts';
import { startProxy } from './proxy.ts';
import { isAsUsual, usualArguments } from './usual-installation.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * Brings up the local cluster with the chart on it, then runs cases of e2e/ against it with Jest; returns its exit code.
 * The cluster stays up: the next run is quick.
 */
export async function runCases(config: string, args: readonly string[]): Promise<number> {
  try {
    return await runOnCluster(config, args);
  } catch (error) {
    if (!(error instanceof ClusterFailure) && !(error instanceof ImageFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function runOnCluster(config: string, args: readonly string[]): Promise<number> {
  const report = createStderrReport();
  const cluster = await upCluster({}, report);
  const withoutUv = await whyNoUv();
  if (withoutUv !== undefined) report(`uvx is not tried: ${withoutUv}`);
  const images = await ensureImagesLoaded(
    cluster,
    [
      ...(['mcp-lifecycle', 'kubernetes-mcp-server', 'server-everything', 'tls-mcp-server', 'odd-mcp-server'] as const),
      ...(['stdio-mcp-server', 'node-npm', 'npm-registry', 'mcp-client'] as const),
      ...(withoutUv === undefined ? (['python-uv', 'pypi-registry'] as const) : []),
    ],
    report,
  );
  const [program] = images;
  if (program === undefined) throw new Error('images are returned in the order asked for');
  // What a run left that was killed: its namespaces, and a CRD that belongs to a release of another name.
  await runCommand(['kubectl', 'delete', 'namespaces', '--selector', 'mcp-lifecycle/e2e=true', '--wait=false'], {
    env: cluster.environment,
  });
  const install = (): Promise<void> =>
    ensureInstalled(cluster, program, report, { args: ['--take-ownership', ...usualArguments] });
  await install();
  const proxy = await startProxy(cluster.environment);
  try {
    const node = [process.execPath, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = [...node, inRepository('node_modules/jest/bin/jest.js'), '--config', inRepository(config)];
    const code = await runInteractively([...jest, ...args], {
      ...cluster.environment,
      ...Object.fromEntries(images.map(({ name, reference }) => [`IMAGE_${name}`, reference])),
      E2E_PROXY_URL: proxy.url,
    });
    // Who wanted it otherwise leaves it to the next one.
    if (!(await isAsUsual(cluster.environment))) await install();
    return code;
  } finally {
    proxy.stop();
  }
}
