import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** What an API server would show, as Kubernetes' own tools issue it: with the usage of a client. */
export interface TestClient {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A CA of its own, and a certificate of it for a client. */
export function issueTestClient(name = 'kube-apiserver'): TestClient {
  const authority = newKeys();
  const client = newKeys();
  const ca = issue({ name: 'client CA', publicKey: authority.publicKey }, authority, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]);
  const cert = issue({ name, publicKey: client.publicKey }, authority, [
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true },
  ]);
  return { ca, cert, key: forge.pki.privateKeyToPem(client.privateKey) };
}

function newKeys(): forge.pki.rsa.KeyPair {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  return { privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}

function issue(
  subject: { readonly name: string; readonly publicKey: forge.pki.rsa.PublicKey },
  authority: forge.pki.rsa.KeyPair,
  extensions: object[],
): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = subject.publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject([{ name: 'commonName', value: subject.name }]);
  certificate.setIssuer([{ name: 'commonName', value: 'client CA' }]);
  certificate.setExtensions(extensions);
  certificate.sign(authority.privateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
