import { expect, it } from '@jest/globals';

import type { ObservedChild } from '../core/plan/observed.ts';
import { keyOf } from '../platform/kube/object.ts';
import { RouteRivals } from './route-rivals.ts';

const at = 'gateways/public mcp.example.com /mcp/';
const keyFor = (namespace: string, server: string): string =>
  keyOf({ kind: 'HTTPRoute', namespace, name: `${server}-gateway-binding` });
const routeOf = (server: string, takes: readonly string[] | undefined = [at]): ObservedChild => ({
  ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', name: `${server}-gateway-binding` },
  ...{ uid: server, resourceVersion: '1', isDeleting: false },
  controller: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: server, uid: server, controller: true },
  registration: { answer: { state: 'yes' }, ...(takes.length === 0 ? {} : { takes }) },
});

function aFollowed(): { rivals: RouteRivals; woken: string[]; note: (namespace: string, server: string) => void } {
  const woken: string[] = [];
  const rivals = new RouteRivals((key) => woken.push(key));
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

it('a thousand in one namespace wake nobody in another one but for the first', () => {
  const { woken, note } = aFollowed();
  note('tools', 'a');
  for (let index = 0; index < 1_000; index += 1) note('hostile', `s${index + 1_000}`);
  expect(woken.filter((key) => key === 'MCPServer/tools/a')).toHaveLength(1);
  // In the order of their names: each is told of the first, and that of the second.
  expect(woken).toHaveLength(2);
});
