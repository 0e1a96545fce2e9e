import { oneLine } from '../../core/engine/text.ts';
import { errorText } from '../log.ts';
import { isRecord, recordAt, stringAt } from './object.ts';

/** Why a connection gave no answer, for what has to be decided by it; the sentence beside it is for people only. */
export type NetworkCause =
  | 'refused'
  /** Closed before the answer was complete, by a reset or in good order. */
  | 'closed'
  | 'no-such-host'
  | 'name-not-resolved'
  | 'no-route'
  | 'timed-out'
  /** What came back is not HTTP. */
  | 'not-http'
  /** Plain HTTP was answered by a TLS record. */
  | 'speaks-tls'
  /** A TLS handshake was answered by something else. */
  | 'speaks-no-tls'
  | 'tls-version'
  /** Another TLS alert or failure of the handshake. */
  | 'tls-handshake'
  | 'certificate-time'
  | 'certificate-untrusted'
  /** The certificate is for other names, which are in `names`. */
  | 'certificate-names'
  | 'headers-too-long'
  | 'unknown';

export interface NetworkFailure {
  readonly cause: NetworkCause;
  /** At most one line: "connection refused". */
  readonly text: string;
  /** With `certificate-names`: whose certificate it is, some of them. */
  readonly names?: readonly string[];
}

type Known = readonly [NetworkCause, string];

const closed: Known = ['closed', 'the connection was closed before the answer was complete'];
const untrusted: Known = ['certificate-untrusted', 'the TLS certificate comes from a CA that is not trusted'];

const badChunks: Known = ['not-http', 'its answer comes in chunks that are not valid HTTP'];
const badLength: Known = [
  'not-http',
  'its answer does not say in one valid way how long it is (Content-Length, Transfer-Encoding)',
];
const badHeaders: Known = ['not-http', 'the headers of its answer are not valid HTTP'];

/** What people call the failures that sockets report, by `error.code`. Anything else is shown as Node says it. */
const known: Readonly<Record<string, Known>> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  ECONNRESET: closed,
  EPIPE: closed,
  ENOTFOUND: ['no-such-host', 'the host name does not exist'],
  EAI_AGAIN: ['name-not-resolved', 'the host name could not be resolved (DNS did not answer)'],
  EHOSTUNREACH: ['no-route', 'the host cannot be reached'],
  ENETUNREACH: ['no-route', 'the network cannot be reached'],
  ETIMEDOUT: ['timed-out', 'no answer in time'],
  CERT_HAS_EXPIRED: ['certificate-time', 'the TLS certificate has expired'],
  CERT_NOT_YET_VALID: ['certificate-time', 'the TLS certificate is not valid yet'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['certificate-untrusted', 'the TLS certificate is self-signed and not trusted'],
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  HPE_INVALID_CONSTANT: ['not-http', 'it does not speak HTTP'],
  HPE_INVALID_CHUNK_SIZE: badChunks,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: badChunks,
  HPE_STRICT: badChunks,
  HPE_INVALID_CONTENT_LENGTH: badLength,
  HPE_UNEXPECTED_CONTENT_LENGTH: badLength,
  HPE_INVALID_TRANSFER_ENCODING: badLength,
  HPE_INVALID_HEADER_TOKEN: badHeaders,
  HPE_CR_EXPECTED: badHeaders,
  HPE_LF_EXPECTED: badHeaders,
  HPE_HEADER_OVERFLOW: ['headers-too-long', 'the headers of its answer are too long'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['certificate-names', 'the TLS certificate is for another host name'],
};

/** The same for what goes wrong inside TLS, by the reason that OpenSSL gives. */
const knownOfTls: Readonly<Record<string, Known>> = {
  'wrong version number': ['speaks-no-tls', 'it does not speak TLS'],
  'packet length too long': ['speaks-no-tls', 'it does not speak TLS'],
  'tlsv1 alert protocol version': ['tls-version', 'it does not speak TLS 1.2 or newer'],
  'unsupported protocol': ['tls-version', 'it does not speak TLS 1.2 or newer'],
};

/** The reason in `40FD2D5E9E7F0000:error:0A00010B:SSL routines:function:reason:file:line:`. */
const opensslError = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** Longest text of Node or of the other side, in characters. */
const maxTextLength = 300;
/** How many names of a certificate are told, and how long each may be. */
const maxNames = 5;
const maxNameLength = 100;

/** The `code` of a system or TLS error: `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}

/** A failed connection: why, and in words. Parts of it may come from the other side (a certificate), so they are bounded. */
export function networkFailure(error: unknown): NetworkFailure {
  const code = errorCode(error) ?? '';
  // A TLS alert: what a TLS port says to plain HTTP before it closes.
  if (code.startsWith('HPE_') && isTlsRecord(error))
    return { cause: 'speaks-tls', text: 'it speaks TLS, not plain HTTP' };
  const entry = Object.hasOwn(known, code) ? known[code] : undefined;
  if (entry !== undefined) return { cause: entry[0], text: entry[1], ...certificateNames(error) };
  const said = errorText(error);
  // happy eyeballs: several addresses were tried, and each failed for its own reason
  if (error instanceof AggregateError && error.errors.length > 0) return networkFailure(error.errors[0]);
  const reason = opensslError.exec(said)?.[1];
  // What OpenSSL says begins with an address of this process, so it would be another text each time.
  if (reason !== undefined) return tlsFailure(oneLine(reason, maxTextLength));
  if (code.startsWith('HPE_')) return { cause: 'not-http', text: 'its answer is not valid HTTP' };
  return { cause: 'unknown', text: oneLine(said, maxTextLength) };
}

/** {@link networkFailure} for those who only tell it. */
export function networkErrorText(error: unknown): string {
  return networkFailure(error).text;
}

function tlsFailure(reason: string): NetworkFailure {
  const entry = Object.hasOwn(knownOfTls, reason) ? knownOfTls[reason] : undefined;
  return entry === undefined
    ? { cause: 'tls-handshake', text: `the TLS handshake failed: ${reason}` }
    : { cause: entry[0], text: entry[1] };
}

/** What Node's HTTP parser could not read is in `rawPacket`. A record starts with its type (alert, handshake) and version. */
function isTlsRecord(error: unknown): boolean {
  const packet = isRecord(error) ? error['rawPacket'] : undefined;
  return packet instanceof Uint8Array && (packet[0] === 0x15 || packet[0] === 0x16) && packet[1] === 0x03;
}

function certificateNames(error: unknown): { readonly names?: readonly string[] } {
  if (errorCode(error) !== 'ERR_TLS_CERT_ALTNAME_INVALID') return {};
  const certificate = recordAt(error, 'cert');
  const alternatives = stringAt(certificate, 'subjectaltname')?.split(', ', maxNames) ?? [];
  const names = alternatives.length > 0 ? alternatives : [stringAt(recordAt(certificate, 'subject'), 'CN') ?? ''];
  const told = names.map((name) => oneLine(name.replace(/^(?:DNS|IP Address|URI):/, ''), maxNameLength));
  return { names: told.filter((name) => name !== '') };
}
