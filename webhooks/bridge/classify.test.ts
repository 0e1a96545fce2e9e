import { expect, it } from '@jest/globals';
import { classifyInboundRequest } from '@modelcontextprotocol/server';
import { classify, type Route } from './classify.ts';
import { parseMessage } from './message.ts';

const version = 'io.modelcontextprotocol/protocolVersion';
const capabilities = 'io.modelcontextprotocol/clientCapabilities';
const client = 'io.modelcontextprotocol/clientInfo';

const bodies: readonly object[] = [
  { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } },
  { id: 1, method: 'initialize', params: { _meta: { [version]: '2026-07-28', [capabilities]: {} } } },
  { id: 1, method: 'initialize', params: { _meta: { [version]: '2026-07-28' } } },
  { id: 1, method: 'tools/list' },
  { id: 1, method: 'tools/list', params: { _meta: {} } },
  { id: 1, method: 'tools/list', params: { _meta: { progressToken: 1 } } },
  { id: 1, method: 'tools/list', params: { _meta: { [version]: '2026-07-28', [capabilities]: {} } } },
  { id: 1, method: 'tools/list', params: { _meta: { [version]: '2027-01-01', [capabilities]: {} } } },
  { id: 1, method: 'tools/list', params: { _meta: { [version]: 7, [capabilities]: {} } } },
  { id: 1, method: 'tools/list', params: { _meta: { [version]: '2026-07-28', [capabilities]: 'none' } } },
  { id: 1, method: 'tools/list', params: { _meta: { [version]: '2026-07-28', [capabilities]: {}, [client]: 'x' } } },
  { id: 1, method: 'tools/call', params: { name: 'a', _meta: { [version]: '2026-07-28', [capabilities]: {} } } },
  { method: 'notifications/x' },
  { method: 'notifications/x', params: { _meta: { [version]: '2026-07-28' } } },
  { method: 'notifications/x', params: { _meta: { [version]: '2025-11-25' } } },
  { method: 'notifications/x', params: { _meta: { [version]: null } } },
  { id: 1, result: {} },
  { id: 1, error: { code: 1, message: 'no' } },
];

const versions = [undefined, '2025-11-25', '2026-07-28', '2027-01-01'];
const methods = [undefined, 'tools/list', 'tools/call', 'initialize', 'notifications/x'];

const cases = bodies.flatMap((body) =>
  versions.flatMap((named) => methods.map((method) => ({ body, version: named, method }))),
);

/** What the official server makes of it, in our words. */
function official(body: object, named: string | undefined, method: string | undefined): string {
  const outcome = classifyInboundRequest({
    httpMethod: 'POST',
    body: { jsonrpc: '2.0', ...body },
    ...(named === undefined ? {} : { protocolVersionHeader: named }),
    ...(method === undefined ? {} : { mcpMethodHeader: method }),
  });
  if (outcome.kind === 'reject') return `${outcome.httpStatus} ${outcome.code}`;
  if (outcome.kind === 'modern') return 'modern';
  return outcome.reason === 'initialize' ? 'initialize' : 'session';
}

function ours(route: Route): string {
  return route.type === 'refused' ? `${route.status} ${route.error.code}` : route.type;
}

function routeOf(body: object, named: string | undefined, method: string | undefined, name?: string): Route {
  const parsed = parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...body })));
  if (!parsed.ok) throw new Error(parsed.problem);
  return classify(parsed.message, { version: named, method, name });
}

it('sends every message where the official server would, header by header', () => {
  // What a later look of the official server refuses, which it exports not: headers that are not there.
  const isIncomplete = ({ body, version: named, method }: (typeof cases)[number]): boolean =>
    'id' in body && (named === undefined || method === undefined || JSON.stringify(body).includes('"name"'));
  const looked = cases.filter((one) => official(one.body, one.version, one.method) !== 'modern' || !isIncomplete(one));
  const differing = looked
    .map((one) => ({ ...one, official: official(one.body, one.version, one.method) }))
    .map((one) => ({ ...one, ours: ours(routeOf(one.body, one.version, one.method)) }))
    .filter((one) => one.official !== one.ours);
  expect(differing).toEqual([]);
  expect(looked.length).toBeGreaterThan(250);
});

const called = {
  id: 1,
  method: 'tools/call',
  params: { name: 'ä', _meta: { [version]: '2026-07-28', [capabilities]: {} } },
};

it.each([
  ['without its version', undefined, 'tools/call', 'ä', '400 -32020'],
  ['without its method', '2026-07-28', undefined, 'ä', '400 -32020'],
  ['without its name', '2026-07-28', 'tools/call', undefined, '400 -32020'],
  ['with the name of another tool', '2026-07-28', 'tools/call', 'b', '400 -32020'],
  ['with its name encoded', '2026-07-28', 'tools/call', '=?base64?w6Q=?=', 'modern'],
  ['with another name encoded', '2026-07-28', 'tools/call', '=?base64?YQ==?=', '400 -32020'],
  ['with its name', '2026-07-28', 'tools/call', 'ä', 'modern'],
])('a call %s', (_, named, method, name, expected) => {
  expect(ours(routeOf(called, named, method, name))).toBe(expected);
});

const meta = { [version]: '2026-07-28', [capabilities]: {} };
const listed = { id: 1, method: 'tools/list' };

// encoding/json of Go takes names without regard to case, and the last of them.
it.each<[string, object]>([
  ['of the message', { ...listed, Method: 'tools/call', params: { _meta: meta } }],
  ['of the message, which has it in another case only', { method: 'tools/list', ID: 7, params: { _meta: meta } }],
  ['of an answer', { id: 1, result: {}, Method: 'tools/call' }],
  ['of params', { ...called, params: { ...called.params, Name: 'delete' } }],
  ['of params, which have it in another case only', { ...called, params: { NAME: 'delete', _meta: meta } }],
  ['of params, with a sign that Go folds', { ...listed, params: { 'a\u017fk': 1, ask: 2, _meta: meta } }],
  ['of params._meta', { ...listed, params: { _meta: { ...meta, progressToken: 1, ProgressToken: 7 } } }],
])('refuses a member %s that a server could take for another', (_, body) => {
  const { method } = body as { readonly method?: string };
  expect(ours(routeOf(body, '2026-07-28', method, 'ä'))).toBe('400 -32600');
});

it('refuses a progress token that would be kept at any length', () => {
  const body = { ...listed, params: { _meta: { ...meta, progressToken: 'x'.repeat(513) } } };
  expect(ours(routeOf(body, '2026-07-28', 'tools/list'))).toBe('400 -32602');
});
