import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';

const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');

/** `BASE` to `gcr.io/…`: what may be given in place of an image. */
const usual = new Map([...dockerfile.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, image]) => [name, image]));

it('every image that the Dockerfile begins with is an argument, with a tag for people and a digest that counts', () => {
  const begins = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, image]) => image ?? '');
  expect(begins).toEqual(['${BUNDLER}', '${GO}', '${BASE}']);
  for (const image of begins) {
    expect(usual.get(image.slice(2, -1))).toMatch(/^[\w.-]+\.\w+\/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  }
});
