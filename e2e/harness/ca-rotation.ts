import { release } from '../../scripts/quickstart/install.ts';
import { get, kubectlOk } from './kubectl.ts';

const secretName = `${release.name}-certificate`;

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
