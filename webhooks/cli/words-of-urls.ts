/**
 * What the verification advises owners of an MCPServer, and what that means to somebody who typed a URL: there is no spec
 * that could be corrected. The longer ones first.
 */
const advice: readonly (readonly [ofSpec: string, ofUrl: string])[] = [
  [
    'switch its redirect to HTTPS off, or set spec.transport.tls.enabled and, as spec.config.port, the port that speaks TLS',
    'name the https URL',
  ],
  [
    'is spec.config.port right, and does the server listen on all addresses, not on 127.0.0.1 only?',
    'are host and port of the URL right?',
  ],
  [
    'let the pods of mcp-lifecycle pass its limit, or have it asked less often: spec.extensions.verification.periodSeconds',
    'try again later',
  ],
  [
    'have the server answer at spec.config.path itself, also to those who do not come by its public address',
    'name the URL that answers itself',
  ],
  ['take spec.transport.tls out, or configure the server for TLS', 'name an http URL, or configure the server for TLS'],
  ['name its CA in spec.transport.tls.caBundleSecret', 'name a file with its CA in the variable NODE_EXTRA_CA_CERTS'],
  ['is spec.config.path right?', 'is the path of the URL right?'],
  ['set spec.transport.tls.enabled', 'name an https URL'],
  ['set spec.config.path to that', 'name that path in the URL'],
];

/** Why a server could not be read, for somebody who named its URL. */
export function inWordsOfUrls(why: string): string {
  return advice.reduce((said, [ofSpec, ofUrl]) => said.replaceAll(ofSpec, ofUrl), why);
}
