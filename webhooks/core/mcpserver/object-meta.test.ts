import { describe, expect, it } from '@jest/globals';
import { checkObjectMeta } from './object-meta.ts';
import { renderPath } from './violation.ts';

const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: '1' };

describe('checkObjectMeta', () => {
  it.each<[string, object]>([
    ['nothing', {}],
    ['a name with dots and digits', { name: '7.a-b' }],
    ['a name of 253 characters', { name: `${'a'.repeat(250)}.bc` }],
    ['a generateName that ends in a hyphen', { generateName: 'search-' }],
    ['a generateName that is too long for a name, because it is cut', { generateName: `${'a'.repeat(252)}-` }],
    ['times', { creationTimestamp: '2001-02-03T04:05:06Z', deletionTimestamp: '2001-02-03T04:05:06.7+01:00' }],
    ['an empty namespace', { namespace: '' }],
    ['labels', { labels: { a: '', 'example.com/B_c.d': 'X-1' } }],
    ['annotations with any value and an upper case domain', { annotations: { 'Example.com/a': 'any\n text' } }],
    ['finalizers', { finalizers: ['example.com/x', 'orphan'] }],
    ['an owner', { ownerReferences: [{ ...owner, controller: true }, owner] }],
    ['an owner that is there twice', { ownerReferences: Array(2).fill({ ...owner, controller: true }) }],
  ])('accepts %s', (_name, metadata) => {
    expect(checkObjectMeta(metadata)).toEqual([]);
  });

  it.each<[string, object, readonly string[]]>([
    ['an upper case name', { name: 'Search' }, ['metadata.name']],
    ['a name with an underscore', { name: 'a_b' }, ['metadata.name']],
    ['a name with an empty part', { name: 'a..b' }, ['metadata.name']],
    ['a name of 254 characters', { name: 'a'.repeat(254) }, ['metadata.name']],
    ['a generateName with a space', { generateName: 'a b' }, ['metadata.generateName']],
    ['a generateName of 254 characters', { generateName: 'a'.repeat(254) }, ['metadata.generateName']],
    ['a generateName that ends in two hyphens', { generateName: 'a--' }, ['metadata.generateName']],
    ['a time that is none', { creationTimestamp: '2001-02-30' }, ['metadata.creationTimestamp']],
    [
      'other types than those of metadata',
      { selfLink: 1, deletionGracePeriodSeconds: 'x', managedFields: ['a'] },
      ['metadata.selfLink', 'metadata.deletionGracePeriodSeconds', 'metadata.managedFields'],
    ],
    [
      'an owner with texts for flags',
      { ownerReferences: [{ ...owner, controller: 'yes', uid: 1 }] },
      ['metadata.ownerReferences[0].uid', 'metadata.ownerReferences[0].controller'],
    ],
    ['a namespace with a dot', { namespace: 'a.b' }, ['metadata.namespace']],
    ['a namespace of 64 characters', { namespace: 'a'.repeat(64) }, ['metadata.namespace']],
    ['a label value with a space', { labels: { a: 'b c' } }, ['metadata.labels.a']],
    ['a label value of 64 characters', { labels: { a: 'b'.repeat(64) } }, ['metadata.labels.a']],
    ['a label key with two slashes', { labels: { 'a/b/c': '' } }, ['metadata.labels[a/b/c]']],
    ['a label key without a name', { labels: { 'a/': '' } }, ['metadata.labels[a/]']],
    ['a label key with an upper case domain', { labels: { 'A.b/c': '' } }, ['metadata.labels[A.b/c]']],
    ['an annotation key with a space', { annotations: { 'a b': '' } }, ['metadata.annotations[a b]']],
    ['annotations that are too large', { annotations: { a: 'é'.repeat(128 * 1024) } }, ['metadata.annotations']],
    ['finalizers of wrong types', { finalizers: [1, 'a b'] }, ['metadata.finalizers[0]', 'metadata.finalizers[1]']],
    ['finalizers that are no list', { finalizers: 'a' }, ['metadata.finalizers']],
    ['an owner without uid', { ownerReferences: [{ ...owner, uid: '' }] }, ['metadata.ownerReferences[0].uid']],
    ['an owner that is a text', { ownerReferences: ['a'] }, ['metadata.ownerReferences[0]']],
    ['owners that are no list', { ownerReferences: {} }, ['metadata.ownerReferences']],
    [
      'two controllers',
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, controller: true, uid: '2' },
        ],
      },
      ['metadata.ownerReferences'],
    ],
  ])('refuses %s', (_name, metadata, paths) => {
    expect(checkObjectMeta(metadata).map(({ path }) => renderPath(path))).toEqual(paths);
  });

  it('leaves types to the schema', () => {
    expect(checkObjectMeta({ name: 1, labels: { a: 1 }, annotations: [] })).toEqual([]);
    expect(checkObjectMeta(undefined)).toEqual([]);
  });
});
