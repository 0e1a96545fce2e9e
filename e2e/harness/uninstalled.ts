import { eventually } from './eventually.ts';
import { kubectlOk, list } from './kubectl.ts';

/** What `helm uninstall` keeps of an installation as cases find it. */
const usuallyKept = ['mcpservers.mcp.x-k8s.io', 'mcpgatewaybindings.mcp.x-k8s.io'];

/** Everything that can be listed, with the labels of a release, the kept CRDs excepted. */
async function leftoversOf(release: string, kept: readonly string[]): Promise<readonly string[]> {
  const kinds = (await kubectlOk(['api-resources', '--verbs=list', '--output=name'])).trim().split('\n');
  const listable = kinds.filter((kind) => !kind.startsWith('events') && !kind.startsWith('componentstatuses'));
  const objects = await list('everywhere', listable.join(','), `app.kubernetes.io/instance=${release}`);
  return objects
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    .filter((id) => !kept.some((crd) => id === `CustomResourceDefinition/${crd}`));
}

/** Pods still finish their last requests when helm has returned. */
export async function untilNothingIsLeft(release: string, kept: readonly string[] = usuallyKept): Promise<void> {
  const leftovers = (): Promise<readonly string[]> => leftoversOf(release, kept);
  await eventually('nothing with our labels is left', async () => (await leftovers()).length === 0, {
    describe: leftovers,
  });
}
