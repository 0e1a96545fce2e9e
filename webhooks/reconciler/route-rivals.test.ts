import { expect, it } from '@jest/globals';

import type { ObservedChild } from '../core/plan/observed.ts';
import { keyOf } from '../platform/kube/object.ts';
import { RouteRivals } from './route-rivals.ts';

const at = 'gateways/public mcp.example.com /mcp/';
const keyFor = (namespace: string, server: string): string =>
  keyOf({ kind: 'HTTPRoute', namespace, name: `${server}-gateway-binding` });
const routeOf = (
  server: string,
  takes: readonly string[] = [at],
  controller: Partial<NonNullable<ObservedChild['controller']>> = {},
): ObservedChild => ({
  ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', name: `${server}-gateway-binding` },
  ...{ uid: server, resourceVersion: '1', isDeleting: false },
  controller: {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    name: server,
    uid: server,
    controller: true,
    ...controller,
  },
  registration: { answer: { state: 'yes' }, ...(takes.length === 0 ? {} : { takes }) },
});

/** Servers exist with their names as uids, but for those that are called ghost. */
function aFollowed(): { rivals: RouteRivals; woken: string[]; note: (namespace: string, server: string) => void } {
  const woken: string[] = [];
  const rivals = new RouteRivals({
    uidOf: (key) => (key.endsWith('/ghost') ? undefined : key.split('/').at(-1)),
    lookAgain: (key) => woken.push(key),
  });
  const note = (namespace: string, server: string): void => {
    rivals.note(keyFor(namespace, server), routeOf(server));
  };
  return { rivals, woken, note };
}

it('names another one in the same namespace, and of another namespace only that there is one', () => {
  const { rivals, note } = aFollowed();
  note('tools', 'a');
  expect(rivals.of(keyFor('tools', 'a'))).toBeUndefined();
  note('other', 'secret');
  expect(rivals.of(keyFor('tools', 'a'))).toBe('elsewhere');
  expect(rivals.of(keyFor('other', 'secret'))).toBe('elsewhere');
  note('tools', 'b');
  expect(rivals.of(keyFor('tools', 'a'))).toEqual({ name: 'b' });
  expect(rivals.of(keyFor('tools', 'b'))).toEqual({ name: 'a' });
  expect(rivals.of(keyFor('other', 'secret'))).toBe('elsewhere');
});

it('says nothing of routes with another Gateway, host or path, nor of those that take nothing', () => {
  const { rivals, note } = aFollowed();
  note('tools', 'a');
  for (const [index, takes] of [
    ['gateways/public mcp.example.com /mcp/b/'],
    ['gateways/public * /mcp/'],
    ['gateways/internal mcp.example.com /mcp/'],
    [],
  ].entries())
    rivals.note(keyFor('tools', `b${index}`), routeOf(`b${index}`, takes));
  expect(rivals.of(keyFor('tools', 'a'))).toBeUndefined();
});

it('wakes those who are told something else than before, once, and never who is noted', () => {
  const { rivals, woken, note } = aFollowed();
  note('tools', 'a');
  expect(woken).toEqual([]);
  note('tools', 'b');
  expect(woken.splice(0)).toEqual(['MCPServer/tools/a']);
  // As after each write of its own.
  note('tools', 'b');
  note('tools', 'c');
  expect(woken).toEqual([]);
  rivals.note(keyFor('tools', 'b'));
  expect(woken.splice(0)).toEqual(['MCPServer/tools/a']);
  expect(rivals.of(keyFor('tools', 'a'))).toEqual({ name: 'c' });
  rivals.note(keyFor('tools', 'c'), routeOf('c', []));
  expect(woken.splice(0)).toEqual(['MCPServer/tools/a']);
  expect(rivals.of(keyFor('tools', 'a'))).toBeUndefined();
});

it('names nobody that does not exist, has another uid, or is an MCPServer of another group', () => {
  const { rivals, woken, note } = aFollowed();
  note('tools', 'a');
  note('tools', 'ghost');
  rivals.note(keyFor('tools', 'b'), routeOf('b', [at], { uid: 'of-another' }));
  rivals.note(keyFor('tools', 'c'), routeOf('c', [at], { apiVersion: 'mcp.v2dy.io/v1' }));
  expect(rivals.of(keyFor('tools', 'a'))).toBeUndefined();
  expect(woken).toEqual([]);
  note('tools', 'b');
  expect(rivals.of(keyFor('tools', 'a'))).toEqual({ name: 'b' });
});

it('a thousand in one namespace wake nobody in another one but for the first', () => {
  const { woken, note } = aFollowed();
  note('tools', 'a');
  for (let index = 0; index < 1_000; index += 1) note('hostile', `s${index + 1_000}`);
  expect(woken.filter((key) => key === 'MCPServer/tools/a')).toHaveLength(1);
});

it('of namespaces only the first learns that there are others', () => {
  const { rivals, woken, note } = aFollowed();
  for (const namespace of ['a', 'b', 'c', 'd']) note(namespace, 'search');
  expect(woken).toEqual(['MCPServer/a/search']);
  for (const namespace of ['d', 'c', 'b']) rivals.note(keyFor(namespace, 'search'));
  expect(woken).toEqual(['MCPServer/a/search', 'MCPServer/a/search']);
  expect(rivals.of(keyFor('a', 'search'))).toBeUndefined();
});

it('too many in one namespace are told so, name nobody and wake nobody any more', () => {
  const { rivals, woken, note } = aFollowed();
  const most = 32;
  const servers = Array.from({ length: 4_000 }, (_, index) => `s${index + 1_000}`);
  // Each is told of another first one each time.
  servers.reverse();
  for (const server of servers.slice(0, most)) note('tools', server);
  expect(woken.splice(0)).toHaveLength((most * (most - 1)) / 2);
  expect(rivals.of(keyFor('tools', 's4999'))).toEqual({ name: 's4968' });
  for (const server of servers.slice(most)) note('tools', server);
  expect(woken.splice(0)).toHaveLength(most);
  for (const server of ['s4999', 's1000']) expect(rivals.of(keyFor('tools', server))).toBe('several');
  // Back and forth, as often as anybody likes.
  for (const takes of [[], [at]]) rivals.note(keyFor('tools', 's1000'), routeOf('s1000', takes));
  expect(woken).toEqual([]);
  for (const server of servers.slice(most)) rivals.note(keyFor('tools', server));
  expect(woken).toHaveLength(most);
  expect(rivals.of(keyFor('tools', 's4999'))).toEqual({ name: 's4968' });
});
