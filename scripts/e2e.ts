// `npm run test:e2e [-- WORD…]`: brings up the local cluster with the chart on it, then runs e2e/cases against it.
// Arguments go to Jest. The cluster stays up: the next run is quick.
import { fileURLToPath } from 'node:url';
import { upCluster } from './cluster/cluster.ts';
import { runCommand, runInteractively } from './cluster/command.ts';
import { ClusterFailure } from './cluster/failure.ts';
import { createStderrReport } from './cluster/progress.ts';
import { ImageFailure } from './image/failure.ts';
import { ensureImagesLoaded, ensureInstalled } from './quickstart/install.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const jest = [
  ...[process.execPath, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  ...[inRepository('node_modules/jest/bin/jest.js'), '--config', inRepository('e2e/jest.config.js'), '--runInBand'],
];

try {
  const report = createStderrReport();
  const cluster = await upCluster({}, report);
  const images = await ensureImagesLoaded(
    cluster,
    ['mcp-lifecycle', 'kubernetes-mcp-server', 'server-everything', 'tls-mcp-server', 'odd-mcp-server', 'mcp-client'],
    report,
  );
  const [program] = images;
  if (program === undefined) throw new Error('images are returned in the order asked for');
  // What a run left that was killed: its namespaces, and a CRD that belongs to a release of another name.
  await runCommand(['kubectl', 'delete', 'namespaces', '--selector', 'mcp-lifecycle/e2e=true', '--wait=false'], {
    env: cluster.environment,
  });
  await ensureInstalled(cluster, program, report, { args: ['--take-ownership'] });
  process.exitCode = await runInteractively([...jest, ...process.argv.slice(2)], {
    ...cluster.environment,
    ...Object.fromEntries(images.map(({ name, reference }) => [`IMAGE_${name}`, reference])),
  });
} catch (error) {
  if (!(error instanceof ClusterFailure) && !(error instanceof ImageFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
