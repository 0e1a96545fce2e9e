// `npm run quickstart`: from nothing to a verified MCP server on a real Kubernetes. Safe to run twice.
// `npm run quickstart -- --down`: removes all of it. Cluster flags (`npm run cluster -- help`) may follow.
import { downCluster, upCluster, type ClusterHandle } from '../cluster/cluster.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { parseCommand } from '../cluster/flags.ts';
import { createStderrReport, reportWhile, type Report } from '../cluster/progress.ts';
import { ImageFailure } from '../image/failure.ts';
import { callFromInside, type ClientReport } from './client-pod.ts';
import { ensureImagesLoaded, ensureInstalled } from './install.ts';
import { applySample, server, showDenied, showServers, showWarned, waitUntilVerified } from './steps.ts';

/** A tool of kubernetes-mcp-server that works with the rights of ClusterRole `view`. */
const tool = 'namespaces_list';

async function quickstart(args: readonly string[], report: Report): Promise<void> {
  const { options } = parseCommand(['up', ...args]);
  const cluster = await upCluster(options, report);
  const [program, , client] = await ensureImagesLoaded(
    cluster,
    ['mcp-lifecycle', 'kubernetes-mcp-server', 'mcp-client'],
    report,
  );
  if (program === undefined || client === undefined) throw new Error('images are returned in the order asked for');
  await ensureInstalled(cluster, program, report);
  report('applying an MCPServer: scripts/quickstart/samples/server.yaml');
  await applySample(cluster);
  print('kubectl apply -f scripts/quickstart/samples/denied.yaml', await showDenied(cluster));
  print('kubectl apply -f scripts/quickstart/samples/warned.yaml', await showWarned(cluster));
  const url = await reportWhile(report, 'waiting until it is Ready and Verified', () => waitUntilVerified(cluster));
  const answer = await reportWhile(report, `connecting the official MCP client to ${url} from inside the cluster`, () =>
    callFromInside(cluster, { namespace: server.namespace, image: client.reference, url, tool }),
  );
  print(`tools/list, tools/call ${tool}`, describe(answer));
  print('kubectl get mcpservers', await showServers(cluster));
  printNext(cluster, url);
  report('done');
}

function describe({ server: info, tools, result }: ClientReport): string {
  const text = result?.content.map((part) => part.text ?? '').join('\n') ?? '';
  if (result === undefined || result.isError === true)
    throw new ClusterFailure(`The tool ${tool} failed: ${text.trim()}`);
  return `${info?.name ?? 'server'} ${info?.version ?? ''}, ${tools.length} tools: ${tools.join(', ')}\n${text.trim()}`;
}

function print(title: string, text: string): void {
  process.stdout.write(`\n$ ${title}\n${text.replace(/^/gm, '  ')}\n\n`);
}

function printNext({ name }: ClusterHandle, url: string): void {
  const flags = name === 'local' ? '' : ` --name ${name}`;
  process.stdout.write(`
Your MCP server answers at ${url} (inside the cluster).

  eval "$(npm run --silent cluster -- env${flags})"      kubectl and helm for this cluster
  kubectl get mcpservers --all-namespaces --watch
  kubectl -n ${server.namespace} describe mcpserver ${server.name}
  kubectl -n ${server.namespace} port-forward service/${server.name} 8080     then http://127.0.0.1:8080/mcp
  npm run quickstart -- --down${flags}                removes everything

`);
}

const usage = `usage: npm run quickstart [-- CLUSTER-FLAGS]     from nothing to a verified MCP server; safe to run twice
       npm run quickstart -- --down             removes the cluster and all that runs in it

\`npm run cluster -- help\` lists the cluster flags.
`;

const [first, ...rest] = process.argv.slice(2);
const report = createStderrReport();
try {
  if (first === '--help' || first === '-h') {
    process.stdout.write(usage);
  } else if (first === '--down') {
    const { options } = parseCommand(['down', ...rest]);
    report(
      (await downCluster(options, report)) ? 'removed the cluster and all that ran in it' : 'there was no cluster',
    );
  } else {
    await quickstart(process.argv.slice(2), report);
  }
} catch (error) {
  if (!(error instanceof ClusterFailure) && !(error instanceof ImageFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
