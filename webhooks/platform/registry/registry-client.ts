import { oneLine } from '../../core/engine/text.ts';
import { isRecord, stringAt } from '../kube/object.ts';
import { guardJson } from '../json-guard.ts';
import { errorText } from '../log.ts';
import { abortAfter } from '../timer.ts';
import type { RegistryCredentials } from './docker-credentials.ts';
import { RegistryFailure } from './registry-failure.ts';

export interface RegistryClientOptions {
  /** Host and port of its API. */
  readonly host: string;
  readonly repository: string;
  /** Plain HTTP, for a registry on this machine. */
  readonly isInsecure: boolean;
  /** Asked for at most once, and only when the registry wants some. */
  readonly credentials: () => Promise<RegistryCredentials | undefined>;
  /** For each request. */
  readonly timeoutMs: number;
}

/** What of a repository can be read. */
export interface RegistryClient {
  /** The bytes below `/v2/<repository>/`, at most so many. Throws RegistryFailure. */
  get(
    path: string,
    options: { readonly accept: readonly string[]; readonly maxBytes: number },
  ): Promise<RegistryAnswer>;
}

export interface RegistryAnswer {
  readonly bytes: Uint8Array;
  /** Media type, without parameters. */
  readonly type: string;
}

/** A registry may send us to where it keeps its files, which may send us on. */
const maxRedirects = 5;
const maxTokenBytes = 64 * 1024;
const tokenLimits = { maxTokens: 200, maxDepth: 8 } as const;
/** Who asks, for a registry that writes it down. */
const clientId = 'mcp-lifecycle';

/** Reads from one repository by the registry API. https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/ */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { host, repository, isInsecure } = options;
  const base = `${isInsecure ? 'http' : 'https'}://${host}/v2/${repository}/`;
  let authorization: string | undefined;
  return {
    async get(path, { accept, maxBytes }) {
      const ask = (): Promise<Response> => follow(`${base}${path}`, { accept, authorization }, options);
      let response = await ask();
      if (response.status === 401) {
        await response.body?.cancel();
        authorization = await authorize(response.headers.get('www-authenticate') ?? '', options);
        response = await ask();
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new RegistryFailure(sayStatus(response.status, host, path));
      }
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
      return { bytes: await readBytes(response, maxBytes), type: type.trim() };
    },
  };
}

interface Request {
  readonly accept?: readonly string[];
  readonly authorization?: string | undefined;
  /** A form, for a token. */
  readonly body?: URLSearchParams;
}

/**
 * The credentials are for the registry, so they stay behind where it sends us to another host; and no form is sent on,
 * because it has a token in it.
 */
async function follow(url: string, request: Request, options: RegistryClientOptions): Promise<Response> {
  const first = new URL(url);
  let next = first;
  for (let count = 0; count <= maxRedirects; count += 1) {
    const isSame = next.origin === first.origin;
    const response = await send(next, isSame ? request : { ...request, authorization: undefined }, options);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (request.body !== undefined)
      throw new RegistryFailure(`${options.host} sends us on with a token of ours, which is not followed`);
    if (!URL.canParse(location, next.href)) throw new RegistryFailure(`${options.host} sends us to what is no URL`);
    next = new URL(location, next.href);
    judgeUrl(next, options);
  }
  throw new RegistryFailure(`${options.host} sends us on more than ${maxRedirects} times`);
}

/** Whoever can change an unencrypted answer says what the user will run. */
function judgeUrl({ protocol, hostname }: URL, { host, isInsecure }: RegistryClientOptions): void {
  if (protocol === 'https:' || (protocol === 'http:' && isInsecure && isThisMachine(hostname))) return;
  throw new RegistryFailure(`${host} sends us to a ${oneLine(protocol.slice(0, -1), 16)} URL: only https is followed`);
}

/** Hosts for which plain HTTP is as good as TLS. */
export function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function send(
  url: URL,
  { accept, authorization, body }: Request,
  options: RegistryClientOptions,
): Promise<Response> {
  const headers = {
    ...(accept === undefined ? {} : { accept: accept.join(', ') }),
    ...(authorization === undefined ? {} : { authorization }),
    'user-agent': clientId,
  };
  try {
    return await fetch(url, {
      headers,
      redirect: 'manual',
      signal: abortAfter(options.timeoutMs),
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
  } catch (error) {
    const why = isNoTls(error)
      ? sayNoTls(url)
      : `cannot be asked: ${oneLine(errorText(error), 200)}; is its name right, and does this machine reach it?${mayBePlain(url)}`;
    throw new RegistryFailure(`${url.host} ${why}`);
  }
}

/** What answers there speaks something else, as plain HTTP. https://nodejs.org/api/errors.html#openssl-error-codes */
function isNoTls(error: unknown): boolean {
  const cause = isRecord(error) ? error['cause'] : undefined;
  const code = isRecord(cause) ? String(cause['code']) : '';
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG';
}

/** Some that speak plain HTTP say nothing at all to who begins with TLS. */
function mayBePlain({ protocol, hostname }: URL): string {
  return protocol === 'https:' && isThisMachine(hostname)
    ? ' One for plain HTTP on this machine is asked with --insecure-registry'
    : '';
}

function sayNoTls({ hostname }: URL): string {
  const said = 'does not speak TLS: it may be one for plain HTTP';
  return isThisMachine(hostname)
    ? `${said}, which --insecure-registry asks on this machine`
    : `${said}, which is asked on this machine (localhost) only`;
}

/** What the next request has to say, by what the registry wants. */
async function authorize(challenge: string, options: RegistryClientOptions): Promise<string> {
  const { host, credentials } = options;
  const [, scheme = ''] = /^\s*([A-Za-z]+)/.exec(challenge) ?? [];
  const known = await credentials();
  switch (scheme.toLowerCase()) {
    case 'basic':
      if (known?.type !== 'password')
        throw new RegistryFailure(
          `${host} wants a user and a password, and the configuration has none: docker login ${host}`,
        );
      return basic(known);
    case 'bearer':
      return `Bearer ${await fetchToken(parametersOf(challenge), known, options)}`;
    default:
      throw new RegistryFailure(`${host} wants to know who asks, in a way that is not known`);
  }
}

function basic({ user, password }: Extract<RegistryCredentials, { type: 'password' }>): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** `realm="…",service="…"` of a challenge. */
function parametersOf(challenge: string): ReadonlyMap<string, string> {
  const found = challenge.slice(0, 4096).matchAll(/([a-z_]+)="([^"]*)"/gi);
  return new Map([...found].map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}

async function fetchToken(
  parameters: ReadonlyMap<string, string>,
  known: RegistryCredentials | undefined,
  options: RegistryClientOptions,
): Promise<string> {
  const { host, repository } = options;
  const realm = parameters.get('realm') ?? '';
  if (!URL.canParse(realm)) throw new RegistryFailure(`${host} names no URL at which it gives tokens`);
  const url = new URL(realm);
  judgeUrl(url, options);
  const scope = `repository:${repository}:pull`;
  const service = parameters.get('service') ?? '';
  const response = await follow(...tokenRequest(url, { scope, service, known }), options);
  if (response.status !== 200) {
    await response.body?.cancel();
    const whose = known === undefined ? 'without credentials' : 'with the credentials of the configuration';
    throw new RegistryFailure(
      `${host} gives no token for ${repository} ${whose} (HTTP ${response.status}): docker login ${host}`,
    );
  }
  const answer = parseJson(await readBytes(response, maxTokenBytes), tokenLimits, `${host}: its token`);
  const token = stringAt(answer, 'token') ?? stringAt(answer, 'access_token') ?? '';
  if (token === '' || /[\r\n]/.test(token)) throw new RegistryFailure(`${host} gives a token that is none`);
  return token;
}

function tokenRequest(
  url: URL,
  {
    scope,
    service,
    known,
  }: { readonly scope: string; readonly service: string; readonly known: RegistryCredentials | undefined },
): readonly [string, Request] {
  if (known?.type === 'identity-token') {
    const body = new URLSearchParams({
      ...{ grant_type: 'refresh_token', refresh_token: known.token },
      ...{ scope, service, client_id: clientId },
    });
    return [url.href, { body }];
  }
  url.searchParams.set('scope', scope);
  if (service !== '') url.searchParams.set('service', service);
  return [url.href, known === undefined ? {} : { authorization: basic(known) }];
}

function sayStatus(status: number, host: string, path: string): string {
  if (status === 401 || status === 403) return `${host} does not let us read it (HTTP ${status}): docker login ${host}`;
  if (status === 404)
    return `${host} has no such image (HTTP 404 for ${oneLine(path, 120)}), or does not tell strangers: docker login ${host}`;
  if (status === 429) return `${host} has been asked too often (HTTP 429): try again later, or docker login ${host}`;
  return `${host} answers HTTP ${status} for ${oneLine(path, 120)}`;
}

/** Reads no more than that, whatever was promised. */
async function readBytes({ body }: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes)
        throw new RegistryFailure(`the registry sends more than ${maxBytes} bytes for what describes an image`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RegistryFailure) throw error;
    throw new RegistryFailure(`the answer of the registry broke off: ${oneLine(errorText(error), 200)}`);
  }
  return Buffer.concat(chunks);
}

/** JSON of a registry, within limits. */
export function parseJson(bytes: Uint8Array, limits: Parameters<typeof guardJson>[1], what: string): unknown {
  if (guardJson(bytes, limits) !== 'fine') throw new RegistryFailure(`${what} has more in it than describes an image`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    throw new RegistryFailure(`${what} is no JSON`);
  }
}
