import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  issueAuthority,
  issueServing,
  type CertificateAuthority,
  type ServingCertificate,
} from '../../../webhooks/platform/tls/certificates.ts';

/** The name under which the API server that stands in is called; its certificate has it. */
export const apiHost = 'localhost';

interface StandInTls {
  readonly ca: CertificateAuthority;
  readonly serving: ServingCertificate;
}

let made: Promise<StandInTls> | undefined;

/** Of every API server that stands in here. */
export function standInTls(): Promise<StandInTls> {
  made ??= issue();
  return made;
}

async function issue(): Promise<StandInTls> {
  const now = new Date();
  const ca = await issueAuthority(now);
  return { ca, serving: await issueServing(ca, [apiHost], now) };
}

/** Puts what a kubelet would put into a container into a folder, and which API server is the pod's. */
export async function putServiceAccount(folder: string, url: string): Promise<void> {
  const account = accountIn(folder);
  const { ca } = await standInTls();
  await mkdir(account, { recursive: true });
  await writeFile(join(account, 'token'), 'bench\n');
  await writeFile(join(account, 'ca.crt'), ca.certificate);
  await writeFile(join(account, 'port'), new URL(url).port);
}

/**
 * As in a container: a program that would read a kubeconfig instead would have what reads them in its memory, and speak to the API
 * server as no pod does (docs/decisions/0055-a-file-for-each-program.md, 0068). And with the allocator of the chart.
 */
export function podEnvironment(folder: string): Readonly<Record<string, string>> {
  return {
    KUBECONFIG: '',
    KUBERNETES_SERVICE_HOST: apiHost,
    KUBERNETES_SERVICE_PORT: readFileSync(join(accountIn(folder), 'port'), 'utf8'),
    STAND_IN_SERVICE_ACCOUNT: accountIn(folder),
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '20480',
    MALLOC_TRIM_THRESHOLD_: '65536',
  };
}

/** For Node, before the program. */
export const podFlags: readonly string[] = [
  '--require',
  fileURLToPath(new URL('./service-account.cjs', import.meta.url)),
];

function accountIn(folder: string): string {
  return join(folder, 'service-account');
}
