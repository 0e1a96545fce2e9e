import { describe, expect, it } from '@jest/globals';
import type { FieldPath } from '../mcpserver/violation.ts';
import type { Finding } from './finding.ts';
import { fingerprint, ratchet } from './ratchet.ts';
import type { Judged } from './ratchet.ts';

const identity = (text: string): string => text;

const at = (path: FieldPath, change: Partial<Finding> = {}): Finding => ({
  ...{ ruleId: 'r', severity: 'deny', headline: 'h', detail: 'd', remedy: 'Do it.' },
  path,
  ...change,
});

const fingerprints = (judged: Judged): readonly string[] =>
  fingerprint(judged, identity).map((printed) => printed.fingerprint);

/** Paths of what is tolerated in `now`. */
function toleratedIn(now: Judged, before: Judged): readonly FieldPath[] {
  return ratchet(fingerprint(now, identity), fingerprints(before)).tolerated.map(({ finding }) => finding.path);
}

const spec = (fields: object, ...findings: readonly Finding[]): Judged => ({ object: { spec: fields }, findings });

const pathField = ['spec', 'config', 'path'];

const port = (value: number | undefined, change: Partial<Finding> = {}): Judged =>
  spec({ config: { port: value, path: '/mcp' } }, at(['spec', 'config', 'port'], change));

/** `NAME=value` texts; the finding is about the value of the one at `index`. */
const variables = (index: number, ...texts: readonly string[]): Judged => {
  const env = texts.map((text) => ({ name: text.split('=')[0], value: text.split('=')[1] }));
  return spec({ config: { env } }, at(['spec', 'config', 'env', index, 'value']));
};

const words = (found: readonly number[], ...texts: readonly string[]): Judged =>
  spec({ config: { arguments: texts } }, ...found.map((index) => at(['spec', 'config', 'arguments', index])));

const mount = (index: number, ...paths: readonly string[]): Judged => {
  const storage = paths.map((path) => ({ path, source: { type: 'Secret', secret: { secretName: 'a' } } }));
  return spec({ config: { storage } }, at(['spec', 'config', 'storage', index, 'source', 'type']));
};

/** Peers with exceptions: a list without keys in an item of a list without keys. */
const peers = (place: readonly [number, number], ...blocks: readonly (readonly string[])[]): Judged => {
  const ingressFrom = blocks.map((except) => ({ ipBlock: { cidr: '10.0.0.0/8', except } }));
  const path = ['spec', 'network', 'ingressFrom', place[0], 'ipBlock', 'except', place[1]];
  return spec({ network: { ingressFrom } }, at(path));
};

describe('what an object had before', () => {
  it.each<[string, Judged, Judged]>([
    ['is where it was', port(1), port(1)],
    [
      'is where it was, and another field changed',
      spec({ config: { port: 1, path: '/other' } }, at(['spec', 'config', 'port'])),
      port(1),
    ],
    ['was only a warning', port(1), port(1, { severity: 'warn' })],
    ['is told another remedy', port(1, { remedy: 'Do that.' }), port(1)],
    ['is told in other words', port(1, { headline: 'worse', detail: 'found something' }), port(1)],
    ['lacks a field still', port(undefined), port(undefined)],
    ['moved in a list with keys', variables(1, 'A=1', 'B=2'), variables(0, 'B=2')],
    ['moved in a list of texts', words([2], 'a', 'b', 'bad'), words([0], 'bad')],
    ['moved in a list of objects', mount(1, '/a', '/b'), mount(0, '/b', '/a')],
    ['moved in lists without keys', peers([1, 1], ['x'], ['y', 'z']), peers([0, 1], ['y', 'z'])],
  ])('is tolerated: it %s', (_, now, before) => {
    expect(toleratedIn(now, before)).toEqual(now.findings.map(({ path }) => path));
  });

  it.each<[string, Judged, Judged]>([
    ['its value changed', port(2), port(1)],
    ['its value is a text now', spec({ config: { port: '1' } }, at(['spec', 'config', 'port'])), port(1)],
    ['another rule says it', port(1, { ruleId: 's' }), port(1)],
    ['the rule found something else', port(1, { cause: [2] }), port(1, { cause: [1] })],
    [
      'a field elsewhere that it depends on changed',
      spec({ config: { port: 1, path: '/other' } }, at(['spec', 'config', 'port'], { dependsOn: [pathField] })),
      port(1, { dependsOn: [pathField] }),
    ],
    ['the rule says something else', port(1, { cause: ['worse'] }), port(1)],
    ['the rule could not look before', port(1), port(1, { isUnchecked: true })],
    ['it is in another field', spec({ config: { path: 1 } }, at(['spec', 'config', 'path'])), port(1)],
    ['the item has another value', variables(0, 'A=2'), variables(0, 'A=1')],
    ['the item has another key', variables(0, 'B=1'), variables(0, 'A=1')],
    ['an item without key changed elsewhere', peers([0, 1], ['x', 'z']), peers([0, 1], ['y', 'z'])],
    ['another item stands at its index', words([0], 'new', 'bad'), words([0], 'bad')],
  ])('is new when %s', (_, now, before) => {
    expect(toleratedIn(now, before)).toEqual([]);
  });

  it('is tolerated as often as it was there', () => {
    expect(toleratedIn(words([0, 1], 'bad', 'bad'), words([0], 'bad'))).toEqual([['spec', 'config', 'arguments', 0]]);
  });

  it('is split without loss, in order', () => {
    const now = fingerprint(words([0, 1, 2], 'a', 'b', 'c'), identity);
    const { enforced, tolerated } = ratchet(now, fingerprints(words([0], 'b')));
    expect(enforced).toEqual([now[0], now[2]]);
    expect(tolerated).toEqual([now[1]]);
  });
});

describe('a fingerprint', () => {
  it.each<[string, unknown, FieldPath]>([
    ['nothing', undefined, ['spec', 'config', 'port']],
    ['a text', 'spec', ['spec', 0]],
    ['a list for an object', [[], []], [1, 'name']],
    ['null in a list', { spec: { config: { env: [null] } } }, ['spec', 'config', 'env', 0, 'name']],
    ['an index behind the end', { spec: { config: { env: [] } } }, ['spec', 'config', 'env', 7, 'name']],
    ['names of every object', { spec: {} }, ['spec', 'constructor', '__proto__', 'toString']],
  ])('can be taken of whatever is stored: %s', (_, object, path) => {
    expect(fingerprints({ object, findings: [at(path)] })).toHaveLength(1);
  });

  it('writes each item out once, however much is found in it', () => {
    const texts: string[] = [];
    const except = Array.from({ length: 2_000 }, (_, index) => `10.0.0.${index}`);
    const path = (index: number): FieldPath => ['spec', 'network', 'ingressFrom', 0, 'ipBlock', 'except', index];
    const object = { spec: { network: { ingressFrom: [{ ipBlock: { cidr: '10.0.0.0/8', except } }] } } };
    const findings = except.map((_, index) => at(path(index)));
    fingerprint({ object, findings }, (text) => `#${texts.push(text)}`);
    expect(texts.filter((text) => text.length > 1_000)).toHaveLength(1);
  });
});
