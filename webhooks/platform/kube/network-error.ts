import { isRecord } from './object.ts';

/** What people call the failures that sockets report, by `error.code`. Anything else is shown as Node says it. */
const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the answer was complete',
  EPIPE: 'the connection was closed before the answer was complete',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be resolved (DNS did not answer)',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'no answer in time',
  CERT_HAS_EXPIRED: 'the TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate comes from a CA that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate comes from a CA that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the TLS certificate comes from a CA that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the TLS certificate comes from a CA that is not trusted',
  CERT_SIGNATURE_FAILURE: 'the TLS certificate comes from a CA that is not trusted',
  CERT_NOT_YET_VALID: 'the TLS certificate is not valid yet',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host name',
};

/** The same for what goes wrong inside TLS, by the reason that OpenSSL gives. */
const tlsTexts: Readonly<Record<string, string>> = {
  'wrong version number': 'it does not speak TLS',
  'packet length too long': 'it does not speak TLS',
  'tlsv1 alert protocol version': 'it does not speak TLS 1.2 or newer',
  'unsupported protocol': 'it does not speak TLS 1.2 or newer',
};

/** The reason in `40FD2D5E9E7F0000:error:0A00010B:SSL routines:function:reason:file:line:`. */
const opensslError = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** The `code` of a system or TLS error: `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}

/** A failed connection in words, at most one line: "connection refused". */
export function networkErrorText(error: unknown): string {
  const known = texts[errorCode(error) ?? ''];
  if (known !== undefined) return known;
  // happy eyeballs: several addresses were tried, and each failed for its own reason
  if (error instanceof AggregateError && error.errors.length > 0) return networkErrorText(error.errors[0]);
  const reason = opensslError.exec(String(error))?.[1];
  // What OpenSSL says begins with an address of this process, so it would be another text each time.
  if (reason !== undefined) return tlsTexts[reason] ?? `the TLS handshake failed: ${reason}`;
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
