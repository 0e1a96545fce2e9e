/**
 * Whether a page of `origin` may use a server that it reached as `host`: browsers send `Origin`, other clients none. Ports
 * do not count, because a gateway in front listens on another one than we do.
 */
export function isSameHost(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const from = URL.parse(origin)?.hostname;
  const to = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname;
  return from !== undefined && from !== '' && from === to;
}
