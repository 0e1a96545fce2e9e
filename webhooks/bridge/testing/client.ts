/** A message of JSON-RPC as a test reads it. */
export interface Answer {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** What a client of Streamable HTTP got for one POST. */
export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, or each event of the stream. */
  readonly messages: readonly Answer[];
}

export type HeaderValues = Readonly<Record<string, string>>;

const accepts = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export async function post(url: string, body: unknown, headers: HeaderValues = {}): Promise<Posted> {
  const response = await postRaw(url, typeof body === 'string' ? body : JSON.stringify(body), headers);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, messages: messagesOf(text) };
}

export function postRaw(
  url: string,
  body: string,
  headers: HeaderValues = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { ...accepts, ...headers }, body, signal });
}

/** Of JSON, or of server-sent events. */
export function messagesOf(text: string): readonly Answer[] {
  if (text.startsWith('{')) return [JSON.parse(text) as Answer];
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Answer);
}

export function call(id: string | number, name: string, args: object = {}, meta?: object): object {
  const params = { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) };
  return { jsonrpc: '2.0', id, method: 'tools/call', params };
}

export const initialize = {
  ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** Begins a session; returns the headers of what follows in it. */
export async function begin(url: string, headers: HeaderValues = {}): Promise<Record<string, string>> {
  const begun = await post(url, initialize, headers);
  const id = begun.headers.get('mcp-session-id');
  if (begun.status !== 200 || id === null) throw new Error(`no session: ${String(begun.status)} ${begun.text}`);
  const session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-06-18', ...headers };
  await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, session);
  return session;
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request of 2026-07-28 with the headers that it needs. */
export function modern(
  id: string | number,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): { readonly body: object; readonly headers: Record<string, string> } {
  const meta = params['_meta'] as object | undefined;
  const others = { ...params };
  const named = others['name'] ?? others['uri'];
  return {
    body: { jsonrpc: '2.0', id, method, params: { ...others, _meta: { ...envelope, ...meta } } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
    },
  };
}

/** Reads a stream until what has come of it is enough, and goes. */
export async function readUntil(response: Response, isEnough: (text: string) => boolean): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  while (reader !== undefined && !isEnough(text)) {
    const { done, value } = (await reader.read()) as { readonly done: boolean; readonly value?: Uint8Array };
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

export function textOf(answer: Answer | undefined): string | undefined {
  const content = answer?.result?.['content'] as readonly { readonly text: string }[] | undefined;
  return content?.[0]?.text;
}
