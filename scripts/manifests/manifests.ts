import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify, type Document } from 'yaml';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';
import { ManifestsFailure } from './failure.ts';
import { imageSettings, type Flags } from './flags.ts';

const chart = fileURLToPath(new URL('../../chart', import.meta.url));

/** What is of Helm in the metadata of an object. */
const ofHelm = [
  ['labels', 'helm.sh/chart'],
  ['labels', 'app.kubernetes.io/managed-by'],
  ['annotations', 'helm.sh/resource-policy'],
] as const;

/** The chart as one text that `kubectl apply --filename` installs and upgrades, in the order in which objects need each other. */
export async function buildManifests(flags: Omit<Flags, 'help' | 'output'>): Promise<string> {
  const documents = parseAllDocuments(await renderChart(flags)) as readonly Document[];
  const objects = documents.filter((document) => document.contents !== null);
  objects.forEach(cleanUp);
  // Order is Helm's: accounts and rights before the Deployment, webhook configurations last.
  const parts = [namespaceObject(flags.namespace), ...objects.map((object) => object.toString({ lineWidth: 0 }))];
  return `${header(flags)}${parts.map((part) => `---\n${part.replace(/^---\n/, '')}`).join('')}`;
}

/** Without hooks: nobody would run them. What asked whether admission answers is left out with its account and rights. */
async function renderChart({ image, namespace, values }: Omit<Flags, 'help' | 'output'>): Promise<string> {
  const helm = `${await ensureTools(resolveSettings({}, process.env).cache)}/helm`;
  const args = [
    ...['template', 'mcp-lifecycle', chart, '--namespace', namespace, '--no-hooks'],
    ...values,
    ...imageSettings(image),
    ...['--set', 'admissionCheck.enabled=false'],
  ];
  try {
    return (await promisify(execFile)(helm, args, { maxBuffer: 16 * 2 ** 20 })).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new ManifestsFailure(said, { cause: error });
  }
}

/** Takes out what only Helm reads, and would believe: an object that says so belongs to a release. */
function cleanUp(document: Document): void {
  for (const metadata of [['metadata'], ['spec', 'template', 'metadata']]) {
    for (const [part, key] of ofHelm) {
      if (document.hasIn([...metadata, part, key])) document.deleteIn([...metadata, part, key]);
    }
    const annotations = document.getIn([...metadata, 'annotations']);
    if (JSON.stringify(annotations) === '{}') document.deleteIn([...metadata, 'annotations']);
  }
  // "Source: mcp-lifecycle/templates/rbac.yaml", and what the template says about itself.
  document.commentBefore = null;
  if (document.contents !== null) document.contents.commentBefore = null;
}

function namespaceObject(name: string): string {
  const labels = { 'app.kubernetes.io/name': 'mcp-lifecycle', 'app.kubernetes.io/instance': 'mcp-lifecycle' };
  return stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

function header({ image, namespace }: Omit<Flags, 'help' | 'output'>): string {
  return `# mcp-lifecycle without Helm: written by \`npm run manifests\` from chart/, for the image
# ${image}
#
#   kubectl apply --filename install.yaml        installs, and upgrades with a newer file
#   kubectl --namespace ${namespace} rollout status deployment/mcp-lifecycle
#
# To remove it and keep every MCPServer and what runs for it:
#
#   kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration,clusterrole,clusterrolebinding mcp-lifecycle
#   kubectl delete namespace ${namespace}
#
# \`kubectl delete --filename install.yaml\` also deletes the CRD, and with it every MCPServer.
`;
}
