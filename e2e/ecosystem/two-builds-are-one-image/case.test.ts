/** @slow an image is built twice. */
import { rm } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { readArchive } from '../../../scripts/image/archive.ts';
import { ensureImages } from '../../../scripts/image/build.ts';

it('what is built twice of one commit has one digest', async () => {
  const build = async (): Promise<string> => {
    const [image] = await ensureImages(['mcp-lifecycle'], () => undefined);
    if (image === undefined) throw new Error('images are returned in the order asked for');
    const { digest } = await readArchive(image.archive);
    // It is not built again while it is there.
    await rm(image.archive);
    return digest;
  };
  const first = await build();
  expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await build()).toBe(first);
  await ensureImages(['mcp-lifecycle'], () => undefined);
}, 1_200_000);
