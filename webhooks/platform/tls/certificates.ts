import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import type forge from 'node-forge';

type Forge = typeof forge;

/** A certificate authority. `privateKey` is a secret: it is written to our Secret and nowhere else. */
export interface CertificateAuthority {
  readonly certificate: string;
  readonly privateKey: string;
}

/** PEM texts of what a server presents: its certificate, perhaps with intermediate ones after it, and the key. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export function isSameServing(a: ServingCertificate, b: ServingCertificate): boolean {
  return a.certificate === b.certificate && a.privateKey === b.privateKey;
}

/** One year. The next CA is introduced when a third of it is left, which is more than the life of what it signs. */
const caLifetimeDays = 365;

/** Ninety days, or less when the CA ends before; renewed under the same CA when a third of it is left. */
const servingLifetimeDays = 90;

/** Certificates are valid a little earlier than they are made, for API servers whose clocks run behind ours. */
const clockSkewMs = 3_600_000;

const dayMs = 86_400_000;

/** The names under which the Service may be called; API servers use `<service>.<namespace>.svc`. */
export function serviceDnsNames(service: string, namespace: string, clusterDomain: string): readonly string[] {
  const full = `${service}.${namespace}.svc`;
  return [full, `${full}.${clusterDomain}`, `${service}.${namespace}`, service];
}

/** A new self-signed P-256 CA. */
export async function issueAuthority(now: Date): Promise<CertificateAuthority> {
  const build = createBuilder((await import('node-forge')).default);
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = newSerial();
  // The serial in the name keeps two generations of CAs apart when both are trusted during a rotation.
  const name = `mcp-lifecycle CA ${serial.slice(0, 8)}`;
  const certificate = build({
    subject: name,
    issuer: name,
    serial,
    ...validity(now, caLifetimeDays),
    publicKey: keys.publicKey,
    signer: keys.privateKey,
    authorityKey: keys.publicKey,
    kind: { type: 'authority' },
  });
  return { certificate, privateKey: toPem(keys.privateKey) };
}

/** A new P-256 serving certificate for `dnsNames`, signed by `authority`, which it does not outlive. */
export async function issueServing(
  authority: CertificateAuthority,
  dnsNames: readonly string[],
  now: Date,
): Promise<ServingCertificate> {
  const build = createBuilder((await import('node-forge')).default);
  const ca = new X509Certificate(authority.certificate);
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = build({
    // Not a DNS name: a common name may have 64 characters only, and clients look at the alternative names alone.
    subject: 'mcp-lifecycle webhook',
    issuer: commonName(ca),
    serial: newSerial(),
    ...validity(now, servingLifetimeDays, Date.parse(ca.validTo)),
    publicKey: keys.publicKey,
    signer: createPrivateKey(authority.privateKey),
    authorityKey: ca.publicKey,
    kind: { type: 'serving', dnsNames },
  });
  return { certificate, privateKey: toPem(keys.privateKey) };
}

/** When a certificate ends, in milliseconds since 1970. */
export function expiryOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

/** From when to when a certificate is valid, in milliseconds since 1970. */
export interface CertificateLife {
  readonly from: number;
  readonly to: number;
}

export function lifeOf({ validFrom, validTo }: X509Certificate): CertificateLife {
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

/** Of a life: over which part replacements are spread. Alerts begin with a fifth left, far behind. */
const spread = 1 / 20;

/**
 * When to replace a certificate, in milliseconds since 1970: when its last third begins, or up to {@link spread} of its life
 * before. How much is the certificate's own, by its random serial number: installations that GitOps made on one day are not
 * all renewed on one, and replicas, which see the same certificate, agree. Kubelets spread theirs, too (`nextRotationDeadline`
 * in https://github.com/kubernetes/client-go/blob/master/util/certificate/certificate_manager.go).
 */
export function replacementTimeOf(certificate: string): number {
  const parsed = new X509Certificate(certificate);
  const { from, to } = lifeOf(parsed);
  const share = Number.parseInt(parsed.serialNumber.slice(-8), 16) / 2 ** 32;
  return to - (to - from) * (1 / 3 + share * spread);
}

/** What keeps a server from serving `dnsNames` with this at `now`, as clauses without secrets; empty when nothing does. */
export function servingProblems(
  serving: ServingCertificate,
  dnsNames: readonly string[],
  now: Date,
): readonly string[] {
  try {
    const certificate = new X509Certificate(serving.certificate);
    const checks: readonly (readonly [boolean, string])[] = [
      [isValidAt(certificate, now), `tls.crt is valid from ${certificate.validFrom} to ${certificate.validTo} only`],
      [certificate.checkPrivateKey(createPrivateKey(serving.privateKey)), 'tls.key does not belong to tls.crt'],
      ...dnsNames.map((name) => [certificate.checkHost(name) !== undefined, `tls.crt is not for ${name}`] as const),
    ];
    return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
  } catch {
    // OpenSSL's message adds nothing for people and could quote what it failed to read.
    return ['tls.crt or tls.key is not readable PEM'];
  }
}

/** Whether the certificate was signed by this CA; times are not looked at. */
export function isSignedBy(certificate: string, caCertificate: string): boolean {
  try {
    const [signed, ca] = [new X509Certificate(certificate), new X509Certificate(caCertificate)];
    return signed.checkIssued(ca) && signed.verify(ca.publicKey);
  } catch {
    return false;
  }
}

/** Whether this is the certificate of a CA, valid or not. */
export function isAuthority(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).ca;
  } catch {
    return false;
  }
}

/** Whether what this CA signs at `now` would be good. */
export function canSign(authority: CertificateAuthority, now: Date): boolean {
  try {
    const ca = new X509Certificate(authority.certificate);
    return ca.ca && isValidAt(ca, now) && ca.checkPrivateKey(createPrivateKey(authority.privateKey));
  } catch {
    return false;
  }
}

function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() < Date.parse(certificate.validTo);
}

function validity(now: Date, days: number, latest = Infinity): { readonly notBefore: Date; readonly notAfter: Date } {
  const end = Math.min(now.getTime() + days * dayMs, latest);
  return { notBefore: new Date(now.getTime() - clockSkewMs), notAfter: new Date(end) };
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function commonName(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
}

/** 16 random bytes in hex. The first lies between 0x40 and 0x7f: positive and without padding in DER. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly authorityKey: KeyObject;
  readonly kind: { readonly type: 'authority' } | { readonly type: 'serving'; readonly dnsNames: readonly string[] };
}

/**
 * node-forge knows how an X.509 certificate is put together but has no elliptic curves; node:crypto has the curves
 * but writes no certificates. So forge builds the certificate around a placeholder RSA key, and key, algorithm and
 * signature are replaced by the real ones (RFC 5280 section 4.1, RFC 5758 section 3.2).
 */
function createBuilder({ asn1, pki, jsbn }: Forge): (request: CertificateRequest) => string {
  const { Class, Type } = asn1;
  const sequence = (...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 =>
    asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
  const ecdsaWithSha256 = (): forge.asn1.Asn1 =>
    sequence(asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer('1.2.840.10045.4.3.2').getBytes()));
  const octets = (bytes: Buffer): string =>
    asn1.toDer(asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes.toString('binary'))).getBytes();
  const authorityKeyIdentifier = (keyId: Buffer): string =>
    asn1.toDer(sequence(asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, false, keyId.toString('binary')))).getBytes();

  return (request) => {
    const draft = pki.createCertificate();
    draft.serialNumber = request.serial;
    draft.validity.notBefore = request.notBefore;
    draft.validity.notAfter = request.notAfter;
    draft.setSubject([{ name: 'commonName', value: request.subject }]);
    draft.setIssuer([{ name: 'commonName', value: request.issuer }]);
    draft.setExtensions([
      ...usage(request.kind),
      { id: '2.5.29.14', value: octets(keyIdentifier(request.publicKey)) },
      { id: '2.5.29.35', value: authorityKeyIdentifier(keyIdentifier(request.authorityKey)) },
    ]);
    draft.publicKey = pki.setRsaPublicKey(new jsbn.BigInteger('3'), new jsbn.BigInteger('3'));
    draft.siginfo.algorithmOid = '1.2.840.113549.1.1.11';

    const spki = request.publicKey.export({ type: 'spki', format: 'der' }).toString('binary');
    const unsigned = withParts(toBeSigned(pki, draft), {
      algorithm: ecdsaWithSha256(),
      publicKey: asn1.fromDer(spki),
    });
    const signature = sign('sha256', Buffer.from(asn1.toDer(unsigned).getBytes(), 'binary'), request.signer);
    const bits = asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\u0000${signature.toString('binary')}`);
    const der = Buffer.from(asn1.toDer(sequence(unsigned, ecdsaWithSha256(), bits)).getBytes(), 'binary');
    return new X509Certificate(der).toString();
  };
}

/** The type package does not know this function of node-forge (lib/x509.js), which is as old as the library. */
function toBeSigned(pki: Forge['pki'], certificate: forge.pki.Certificate): forge.asn1.Asn1 {
  const known = pki as Forge['pki'] & { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 };
  return known.getTBSCertificate(certificate);
}

/** TBSCertificate is SEQUENCE { version, serialNumber, signature, issuer, validity, subject, publicKey, extensions }. */
function withParts(
  tbs: forge.asn1.Asn1,
  parts: { readonly algorithm: forge.asn1.Asn1; readonly publicKey: forge.asn1.Asn1 },
): forge.asn1.Asn1 {
  if (!Array.isArray(tbs.value)) throw new Error('node-forge built a TBSCertificate that is not a SEQUENCE');
  return { ...tbs, value: tbs.value.with(2, parts.algorithm).with(6, parts.publicKey) };
}

function usage(kind: CertificateRequest['kind']): readonly object[] {
  if (kind.type === 'authority') {
    return [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ];
  }
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: kind.dnsNames.map((value) => ({ type: 2, value })) },
  ];
}

/** RFC 5280 section 4.2.1.2, method 1 applied to the whole SubjectPublicKeyInfo: unique is all it has to be. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}
