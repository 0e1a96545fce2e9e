import { release } from '../../scripts/quickstart/install.ts';
import { eventually } from './eventually.ts';
import { kubectl, kubectlOk } from './kubectl.ts';

/** Servers with this label get past validation while `pastTheWebhook` works. */
export const bypassLabel = 'e2e.mcp-lifecycle/bypass';

/**
 * Does the work while validation passes over the servers that carry {@link bypassLabel}. `refused` is one of them that
 * the webhook would refuse: it tells when API servers have noticed.
 */
export async function pastTheWebhook<T>(namespace: string, refused: object, work: () => Promise<T>): Promise<T> {
  await select({ matchExpressions: [{ key: bypassLabel, operator: 'DoesNotExist' }] });
  try {
    await eventually('the webhook is passed over', () => isAdmitted(namespace, refused));
    return await work();
  } finally {
    await select({});
    await eventually('the webhook is asked again', async () => !(await isAdmitted(namespace, refused)));
  }
}

/**
 * Does the work while nobody is asked about scaling, as when that webhook, which fails open, does not answer. It is there
 * with a policy that limits replicas. `isRefused` scales too far, and farther
 * than the work does, in a dry run.
 */
export async function whileScalingIsNotAsked<T>(isRefused: () => Promise<boolean>, work: () => Promise<T>): Promise<T> {
  // A Scale has no labels of its own.
  await select({ matchLabels: { [bypassLabel]: 'never' } }, 'scale');
  try {
    await eventually('nobody is asked about scaling', async () => !(await isRefused()));
    return await work();
  } finally {
    await select({}, 'scale');
    await eventually('the webhook is asked about scaling again', isRefused);
  }
}

/** As chart/templates/webhook-configurations.yaml has them. */
const places = { validate: 0, scale: 1 } as const;

/** The chart sets no objectSelector, so this leaves helm's fields alone. */
function select(objectSelector: object, webhook: keyof typeof places = 'validate'): Promise<string> {
  const patch = [{ op: 'add', path: `/webhooks/${places[webhook]}/objectSelector`, value: objectSelector }];
  const args = ['--type', 'json', '--patch', JSON.stringify(patch)];
  return kubectlOk(['patch', 'validatingwebhookconfiguration', release.name, ...args]);
}

async function isAdmitted(namespace: string, manifest: object): Promise<boolean> {
  const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
  return (await kubectl(args, manifest)).code === 0;
}
