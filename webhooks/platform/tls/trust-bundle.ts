import type { X509Certificate } from 'node:crypto';
import { splitPem } from './pem.ts';

/** So many intermediate certificates may stand between a serving certificate and the CA that a client trusts. */
const longestChain = 5;

/**
 * The certificate of `bundle` by which a client trusts the first one of `chain`, over the others of `chain`; undefined
 * when there is none. Whether each of them is valid at this moment is another question.
 */
export function findTrustAnchor(chain: string, bundle: string): X509Certificate | undefined {
  const anchors = splitPem(bundle);
  const [serving, ...intermediates] = splitPem(chain);
  let current = serving;
  for (let depth = 0; current !== undefined && depth <= longestChain; depth += 1) {
    const certificate = current;
    const anchor = anchors.find((one) => one.raw.equals(certificate.raw) || isIssuer(one, certificate));
    if (anchor !== undefined) return anchor;
    current = intermediates.find((one) => isIssuer(one, certificate));
  }
  return undefined;
}

function isIssuer(ca: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}
