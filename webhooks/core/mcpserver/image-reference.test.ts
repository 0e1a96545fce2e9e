import { describe, expect, it } from '@jest/globals';
import { parseImageReference } from './image-reference.ts';

const sha256 = `sha256:${'a1'.repeat(32)}`;

describe('an image reference', () => {
  it.each([
    ['nginx', { repository: 'nginx' }],
    ['nginx:1.25', { repository: 'nginx', tag: '1.25' }],
    ['nginx:Latest_2', { repository: 'nginx', tag: 'Latest_2' }],
    ['example/search', { repository: 'example/search' }],
    ['localhost:5000', { repository: 'localhost', tag: '5000' }],
    ['localhost/search', { registry: 'localhost', repository: 'search' }],
    ['localhost:5000/x:y', { registry: 'localhost:5000', repository: 'x', tag: 'y' }],
    ['example.com/a/b__c/d---e.f', { registry: 'example.com', repository: 'a/b__c/d---e.f' }],
    ['REGISTRY/search', { registry: 'REGISTRY', repository: 'search' }],
    ['my_registry.example/search', { registry: 'my_registry.example', repository: 'search' }],
    ['10.0.0.1:5000/search', { registry: '10.0.0.1:5000', repository: 'search' }],
    ['[fd00::1]:5000/search', { registry: '[fd00::1]:5000', repository: 'search' }],
    ['[fd00::1]/search', { registry: '[fd00::1]', repository: 'search' }],
    [`a/b@${sha256}`, { repository: 'a/b', digest: sha256 }],
    [`a/b:1@${sha256}`, { repository: 'a/b', tag: '1', digest: sha256 }],
    [`a@sha512:${'0'.repeat(128)}`, { repository: 'a', digest: `sha512:${'0'.repeat(128)}` }],
    [`a:${'t'.repeat(128)}`, { repository: 'a', tag: 't'.repeat(128) }],
    ['b'.repeat(247), { repository: 'b'.repeat(247) }],
    [`example.com/${'b'.repeat(255)}`, { registry: 'example.com', repository: 'b'.repeat(255) }],
  ])('is read from %s', (text, reference) => {
    expect(parseImageReference(text)).toEqual({ ok: true, reference });
  });

  it.each([
    ['', 'names no repository'],
    [':1.0', 'names no repository'],
    [`@${sha256}`, 'names no repository'],
    ['ghcr.io/', 'names no repository'],
    ['https://ghcr.io/example/search', 'starts with a URL scheme'],
    ['docker://nginx', 'starts with a URL scheme'],
    [' nginx', 'contains whitespace'],
    ['nginx\n', 'contains whitespace'],
    ['nginx: 1', 'contains whitespace'],
    ['a1'.repeat(32), 'is an image id, which no registry knows'],
    ['Nginx', 'has a repository with upper case letters'],
    ['ghcr.io/Example/search', 'has a repository with upper case letters'],
    ['/nginx', 'has a slash with nothing beside it'],
    ['example//search', 'has a slash with nothing beside it'],
    ['example/search/', 'has a slash with nothing beside it'],
    ['example/-search', 'has a repository with characters that no registry accepts'],
    ['example/a___b', 'has a repository with characters that no registry accepts'],
    ['example/a..b', 'has a repository with characters that no registry accepts'],
    ['example/ünder', 'has a repository with characters that no registry accepts'],
    ['$(IMAGE)', 'has a repository with characters that no registry accepts'],
    ['b'.repeat(248), 'has a repository of more than 255 characters'],
    [`docker.io/${'b'.repeat(248)}`, 'has a repository of more than 255 characters'],
    [`a_b.example/${'b'.repeat(244)}`, 'has a repository of more than 255 characters'],
    [`example.com/${'b'.repeat(256)}`, 'has a repository of more than 255 characters'],
    ['-bad.example/search', 'has a registry that is no host name'],
    ['.example/search', 'has a registry that is no host name'],
    ['[fd00::1%eth0]/search', 'has a registry that is no host name'],
    ['::1/search', 'has a registry that is no host name'],
    ['localhost:/search', 'has a registry with an impossible port'],
    ['localhost:http/search', 'has a registry with an impossible port'],
    ['localhost:0/search', 'has a registry with an impossible port'],
    ['localhost:65536/search', 'has a registry with an impossible port'],
    ['example:1.0/search', 'has a registry with an impossible port'],
    ['nginx:', 'has an empty tag'],
    ['example/search:a/b', 'has a tag with characters that no registry accepts'],
    ['nginx:1:2', 'has a tag with characters that no registry accepts'],
    ['nginx:-1', 'has a tag with characters that no registry accepts'],
    ['nginx:1.0+build', 'has a tag with characters that no registry accepts'],
    [`nginx:${'t'.repeat(129)}`, 'has a tag of more than 128 characters'],
    ['nginx@', 'has an empty digest'],
    ['nginx@latest', 'has a digest without an algorithm'],
    ['nginx@md5:abc', 'has a digest of an unknown algorithm'],
    ['nginx@SHA256:abc', 'has a digest of an unknown algorithm'],
    ['nginx@:abc', 'has a digest of an unknown algorithm'],
    ['nginx@sha256:', 'has a digest of the wrong length'],
    ['nginx@sha256:abc', 'has a digest of the wrong length'],
    [`nginx@sha512:${'0'.repeat(64)}`, 'has a digest of the wrong length'],
    [`nginx@${sha256.toUpperCase().replace('SHA', 'sha')}`, 'has a digest that is not lower case hexadecimal'],
    [`nginx@${sha256}@${sha256}`, 'contains more than one @'],
  ])('is not read from %p', (text, problem) => {
    expect(parseImageReference(text)).toMatchObject({ ok: false, problem });
  });

  it.each([
    'user:hunter2@ghcr.io/example/search:1',
    'https://user:hunter2@ghcr.io/x',
    'u:hunter2@a@b',
    'u:hunter2@x y',
  ])('with credentials in it gives none of them back (%#)', (text) => {
    const parsed = parseImageReference(text);
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});

describe('the short way for usual references', () => {
  const registries = [
    '',
    'ghcr.io/',
    'localhost/',
    'localhost:5000/',
    'a_b.c/',
    '1.2.3.4:80/',
    'A.io/',
    'x.y:070/',
    'a..b/',
  ];
  const paths = ['nginx', 'a.b', 'a/b', 'a.b/c', 'a__b/c-d', 'a___b', 'a/', '-a', 'library/x.y'];
  const tags = ['', ':1.25', ':latest', ':', ':.x', ':1:2'];
  const texts = registries.flatMap((registry) =>
    paths.flatMap((path) => tags.map((tag) => `${registry}${path}${tag}`)),
  );

  // With a digest the whole grammar reads it.
  it.each(texts)('reads %s as the whole grammar does', (text) => {
    const short = parseImageReference(text);
    const long = parseImageReference(`${text}@${sha256}`);
    if (!long.ok) {
      expect(short).toEqual(long);
      return;
    }
    expect(short).toEqual({ ok: true, reference: { ...long.reference, digest: undefined } });
  });
});
