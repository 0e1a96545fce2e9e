import { release } from '../../scripts/quickstart/install.ts';
import { trustDelayMs } from '../../webhooks/platform/tls/next-step.ts';
import { get, kubectlOk } from './kubectl.ts';
import { meanwhile } from './meanwhile.ts';

const secretName = `${release.name}-certificate`;
/** Where our pods note since when the step lasts in which API servers hear of another CA. */
const stepSince = 'mcp-lifecycle/ca-step-since';
/** What API servers get instead of their minute, in milliseconds; one on the same machine hears within a second. */
const shortMs = 10_000;

export type CertificateSecret = Readonly<Record<string, string>>;

/** What our pods keep their certificates in, decoded. */
export async function readSecret(): Promise<CertificateSecret> {
  const data = (await get(release.namespace, 'secrets', secretName))?.data ?? {};
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

export async function requestRotation(): Promise<void> {
  const annotation = 'mcp-lifecycle/rotate-ca=now';
  await kubectlOk(['annotate', 'secret', secretName, '--namespace', release.namespace, '--overwrite', annotation]);
}

/** Nothing is left of a rotation. */
export function isAtRest(secret: CertificateSecret): boolean {
  return Object.keys(secret).sort().join() === 'ca.crt,ca.key,tls.crt,tls.key';
}

/**
 * Cuts short what API servers get to hear of another CA, as long as `work` takes: sets back the note of when each step
 * began. Whatever fails with less time than they really get would fail in the minute, too, if they were slower.
 */
export function whileHurrying<T>(work: () => Promise<T>): Promise<T> {
  let written: string | undefined;
  return meanwhile(async () => {
    const metadata = (await get(release.namespace, 'secrets', secretName))?.metadata;
    const since = metadata?.annotations?.[stepSince];
    if (metadata === undefined || since === undefined || since === written) return;
    const early = new Date(Math.min(Date.parse(since), Date.now() + shortMs - trustDelayMs)).toISOString();
    // Refused where a pod of ours has written since: then it is looked at again.
    const version = `--resource-version=${metadata.resourceVersion}`;
    const args = ['annotate', 'secret', secretName, '--namespace', release.namespace, '--overwrite', version];
    await kubectlOk([...args, `${stepSince}=${early}`]);
    written = early;
  }, work);
}
