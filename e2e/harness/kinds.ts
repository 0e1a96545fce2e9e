import { eventually } from './eventually.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

/** Applies the CustomResourceDefinitions of a file or folder; API servers serve their kinds afterwards. */
export async function installKinds(path: string): Promise<void> {
  await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', path]);
  await untilKindsAreServed('--filename', path);
}

/** `of`: as kubectl takes objects. It fails at once where one has no conditions yet, instead of waiting for them. */
export async function untilKindsAreServed(...of: readonly string[]): Promise<void> {
  await eventually(`the kinds of ${of.join(' ')} are served`, async () => {
    const { code, stderr } = await kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...of]);
    if (code !== 0) throw new Error(stderr);
    return true;
  });
}
