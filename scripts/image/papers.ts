import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderNotices } from '../package/notices.ts';
import type { BuiltImage } from './build.ts';
import { filesOfImage } from './bundle.ts';
import { recipes } from './catalogue.ts';
import { describeContents } from './sbom.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files beside the archive of our image. */
export interface Papers {
  /** CycloneDX 1.6, JSON. */
  readonly sbom: string;
  /** The licences of the npm packages in it, as each comes with it. */
  readonly licences: string;
}

export async function writePapers({ archive }: BuiltImage, digest: string): Promise<Papers> {
  const bundled = await filesOfImage();
  const sbom = await describeContents({ root, recipe: await recipes['mcp-lifecycle'](), bundled, digest });
  const papers = { sbom: archive.replace(/\.tar$/, '.cdx.json'), licences: archive.replace(/\.tar$/, '.licences.txt') };
  await writeFile(papers.sbom, `${JSON.stringify(sbom, null, 2)}\n`);
  await writeFile(papers.licences, renderNotices(root, bundled));
  return papers;
}
