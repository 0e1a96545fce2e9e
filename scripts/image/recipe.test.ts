import { describe, expect, it } from '@jest/globals';
import { contentDigest, imageReference, storeReference, type ImageRecipe } from './recipe.ts';

const base: ImageRecipe = { name: 'base', version: '24.0.0', dockerfile: 'FROM scratch', files: [] };

const recipe: ImageRecipe = {
  name: 'search',
  version: '1.2.0',
  dockerfile: 'FROM scratch',
  base,
  files: [{ to: '/app/search', mode: 0o755, content: { bytes: Buffer.from('one') } }],
};

describe('the content digest of an image', () => {
  it('is the same for the same content', () => {
    expect(contentDigest({ ...recipe })).toBe(contentDigest(recipe));
  });

  it.each<[string, ImageRecipe]>([
    ['the Dockerfile', { ...recipe, dockerfile: 'FROM scratch\nUSER 1' }],
    ['the base', { ...recipe, base: { ...base, dockerfile: 'FROM scratch\nUSER 1' } }],
    [
      'the bytes of a file',
      { ...recipe, files: [{ to: '/app/search', mode: 0o755, content: { bytes: Buffer.from('two') } }] },
    ],
    [
      'the mode of a file',
      { ...recipe, files: [{ to: '/app/search', mode: 0o644, content: { bytes: Buffer.from('one') } }] },
    ],
    [
      'the place of a file',
      { ...recipe, files: [{ to: '/app/x', mode: 0o755, content: { bytes: Buffer.from('one') } }] },
    ],
    [
      'the fingerprint of a file',
      { ...recipe, files: [{ to: '/app/search', mode: 0o755, content: { file: '/x', fingerprint: 'x@2' } }] },
    ],
  ])('changes with %s', (_what, changed) => {
    expect(contentDigest(changed)).not.toBe(contentDigest(recipe));
  });
});

describe('the reference of an image', () => {
  it('carries the version, so that the chart finds it without being told', () => {
    expect(imageReference(recipe)).toBe('local.test/search:1.2.0');
  });

  it('carries the digest too in the store, where contents lie side by side', () => {
    expect(storeReference(recipe)).toBe(`local.test/search:1.2.0-${contentDigest(recipe)}`);
  });
});
