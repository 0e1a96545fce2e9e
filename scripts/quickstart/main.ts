// `npm run quickstart`: from nothing to two verified MCP servers on a real Kubernetes. Safe to run twice.
// `npm run quickstart -- --down`: removes all of it. Cluster flags (`npm run cluster -- help`) may follow.
import { downCluster, upCluster, type ClusterHandle } from '../cluster/cluster.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { parseCommand } from '../cluster/flags.ts';
import { createStderrReport, reportWhile, type Report } from '../cluster/progress.ts';
import { ImageFailure } from '../image/failure.ts';
import { callFromInside, type ClientReport } from './client-pod.ts';
import { ensureImagesLoaded, ensureInstalled } from './install.ts';
import {
  applySamples,
  namespace,
  servers,
  showDenied,
  showServers,
  showWarned,
  waitUntilVerified,
  type SampleServer,
} from './steps.ts';

async function quickstart(args: readonly string[], report: Report): Promise<void> {
  const { options } = parseCommand(['up', ...args]);
  const cluster = await upCluster(options, report);
  const [program, client] = await ensureImagesLoaded(
    cluster,
    ['mcp-lifecycle', 'mcp-client', 'kubernetes-mcp-server', 'server-everything'],
    report,
  );
  if (program === undefined || client === undefined) throw new Error('images are returned in the order asked for');
  await ensureInstalled(cluster, program, report, { keepsValues: true });
  report('applying two MCPServers: scripts/quickstart/samples/server.yaml and everything.yaml');
  await applySamples(cluster);
  print('kubectl apply --dry-run=server -f scripts/quickstart/samples/denied.yaml', await showDenied(cluster));
  print('kubectl apply --dry-run=server -f scripts/quickstart/samples/warned.yaml', await showWarned(cluster));
  const called = await reportWhile(
    report,
    'waiting until both are Ready and Verified, then connecting the official MCP client to each from inside the cluster',
    () => Promise.all(servers.map((server) => waitAndCall(cluster, server, client.reference))),
  );
  for (const { tool, answer } of called) print(`tools/list, tools/call ${tool}`, describe(tool, answer));
  print('kubectl get mcpservers', await showServers(cluster));
  printNext(cluster, called);
  report('done');
}

interface Called {
  readonly name: string;
  readonly port: number;
  readonly tool: string;
  readonly url: string;
  readonly answer: ClientReport;
}

async function waitAndCall(cluster: ClusterHandle, server: SampleServer, image: string): Promise<Called> {
  const { name, port, tool, toolArguments } = server;
  const url = await waitUntilVerified(cluster, name);
  const answer = await callFromInside(cluster, { namespace, image, server: name, url, tool, toolArguments });
  return { name, port, tool, url, answer };
}

function describe(tool: string, { server: info, tools, result }: ClientReport): string {
  const text = result?.content.map((part) => part.text ?? '').join('\n') ?? '';
  if (result === undefined || result.isError === true)
    throw new ClusterFailure(`The tool ${tool} failed: ${text.trim()}`);
  return `${info?.name ?? 'server'} ${info?.version ?? ''}, ${tools.length} tools: ${tools.join(', ')}\n${text.trim()}`;
}

function print(title: string, text: string): void {
  process.stdout.write(`\n$ ${title}\n${text.replace(/^/gm, '  ')}\n\n`);
}

function printNext({ name }: ClusterHandle, called: readonly Called[]): void {
  const flags = name === 'local' ? '' : ` --name ${name}`;
  const [first] = called;
  process.stdout.write(`
Your MCP servers answer inside the cluster at
${called.map(({ url }) => `  ${url}`).join('\n')}

  eval "$(npm run --silent cluster -- env${flags})"      kubectl and helm for this cluster
  kubectl get mcpservers --all-namespaces --watch
  kubectl -n ${namespace} describe mcpserver ${first?.name ?? ''}
  kubectl -n ${namespace} port-forward service/${first?.name ?? ''} ${first?.port ?? ''}     then http://127.0.0.1:${first?.port ?? ''}/mcp
  npm run quickstart -- --down${flags}                removes everything

`);
}

const usage = `usage: npm run quickstart [-- CLUSTER-FLAGS]     from nothing to two verified MCP servers; safe to run twice
                                                (values of the chart that were set meanwhile stay)
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
