import { createPublicKey, generateKeyPair } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { AddressPlan } from '../address-plan.ts';
import { requireCommand } from '../command.ts';
import type { AdminCredentials } from './config-files.ts';

export interface CertificateRequest {
  readonly file: string;
  readonly subject: string;
  readonly alternativeNames?: string;
}

/** One CA signs everything; Kubernetes reads user and groups from CN and O. */
export function buildCertificateRequests(clusterName: string, addresses: AddressPlan): readonly CertificateRequest[] {
  const { nodeAddress, apiServiceAddress } = addresses;
  const apiNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
  ];
  const apiAddresses = ['127.0.0.1', nodeAddress, apiServiceAddress];
  return [
    {
      file: 'apiserver',
      subject: '/CN=kube-apiserver',
      alternativeNames: [...apiAddresses.map((a) => `IP:${a}`), ...apiNames.map((n) => `DNS:${n}`)].join(','),
    },
    { file: 'admin', subject: '/O=system:masters/CN=admin' },
    { file: 'controller-manager', subject: '/CN=system:kube-controller-manager' },
    { file: 'scheduler', subject: '/CN=system:kube-scheduler' },
    {
      file: 'kubelet',
      subject: `/O=system:nodes/CN=system:node:${clusterName}`,
      alternativeNames: `IP:${nodeAddress},DNS:${clusterName}`,
    },
    { file: 'proxy', subject: '/CN=system:kube-proxy' },
    { file: 'dns', subject: '/O=system:masters/CN=coredns' },
    { file: 'front-proxy', subject: '/CN=front-proxy' },
  ];
}

/** Makes the directory `pki`, complete or not at all. */
export async function writeCertificates(pki: string, requests: readonly CertificateRequest[]): Promise<void> {
  const unfinished = `${pki}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  // openssl's own configuration would add CA extensions to every certificate.
  await writeFile(path.join(unfinished, 'openssl.cnf'), '[req]\ndistinguished_name = subject\n[subject]\n');
  await Promise.all([writeAuthority(unfinished), writeServiceAccountKeys(unfinished)]);
  await Promise.all(requests.map((request) => writeLeaf(unfinished, request)));
  await rename(unfinished, pki);
}

export async function readAdminCredentials(pki: string): Promise<AdminCredentials> {
  const read = (file: string): Promise<string> => readFile(path.join(pki, file), 'utf8');
  const [ca, certificate, key] = await Promise.all([read('ca.crt'), read('admin.crt'), read('admin.key')]);
  return { ca, certificate, key };
}

async function writeAuthority(pki: string): Promise<void> {
  await openssl(pki, { file: 'ca', subject: '/CN=local-cluster-ca' }, [
    'basicConstraints=critical,CA:true',
    'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
    'subjectKeyIdentifier=hash',
  ]);
}

async function writeLeaf(pki: string, { file, subject, alternativeNames }: CertificateRequest): Promise<void> {
  const extensions = [
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    ...(alternativeNames === undefined ? [] : [`subjectAltName=${alternativeNames}`]),
  ];
  await openssl(pki, { file, subject }, extensions, [
    '-CA',
    path.join(pki, 'ca.crt'),
    '-CAkey',
    path.join(pki, 'ca.key'),
  ]);
}

async function writeServiceAccountKeys(pki: string): Promise<void> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey);
  await writeFile(path.join(pki, 'service-account.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(path.join(pki, 'service-account.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
}

async function openssl(
  pki: string,
  { file, subject }: CertificateRequest,
  extensions: readonly string[],
  signer: readonly string[] = [],
): Promise<void> {
  const command = [
    ...['openssl', 'req', '-x509', '-new', '-config', path.join(pki, 'openssl.cnf'), '-subj', subject, '-days', '3650'],
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', path.join(pki, `${file}.key`)],
    ...['-out', path.join(pki, `${file}.crt`), ...extensions.flatMap((extension) => ['-addext', extension]), ...signer],
  ];
  await requireCommand(command, 'check that openssl 3 is installed');
}
