import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { ImageFailure } from './failure.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const stub = (name: string): string => fileURLToPath(new URL(`stubs/${name}`, import.meta.url));

/** The version in package.json: of the program, the image and the chart. */
export async function readVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { readonly version: string };
  return manifest.version;
}

/**
 * The whole suite as one minified CommonJS file: the biggest lever on memory that there is. Commands stay lazy, so a
 * program does not evaluate the code of the others. Top-level await and `import.meta` do not exist in CommonJS: both
 * are errors here.
 */
export async function bundleProgram(): Promise<Uint8Array> {
  return bundleScript('webhooks/main.ts', {
    alias: { undici: stub('undici.mjs'), 'iconv-lite': stub('iconv-lite.cjs'), 'mime-db': stub('mime-db.cjs') },
    plugins: [clientWithoutSideEffects],
    define: { MCP_LIFECYCLE_VERSION: JSON.stringify(await readVersion()) },
  });
}

/**
 * @kubernetes/client-node does not say that importing its modules does nothing, so esbuild would keep all of them, with
 * every generated API and their WebSocket, tar and OpenID libraries: three times our own code. It is true, except for
 * one polyfill that Node 24 does not need.
 */
const clientWithoutSideEffects: Plugin = {
  name: 'client-node without side effects',
  setup(bundler) {
    const alreadyAsked = Symbol('already asked');
    bundler.onResolve({ filter: /.*/ }, async ({ path, pluginData, ...options }) => {
      const isClient = path === '@kubernetes/client-node' || options.importer.includes('@kubernetes/client-node');
      if (pluginData === alreadyAsked || !isClient) return undefined;
      return { ...(await bundler.resolve(path, { ...options, pluginData: alreadyAsked })), sideEffects: false };
    });
  },
};

/** One script with its dependencies as one CommonJS file; `entry` is relative to the repository. */
export async function bundleScript(
  entry: string,
  options: Pick<BuildOptions, 'alias' | 'define' | 'plugins'> = {},
): Promise<Uint8Array> {
  const result = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    legalComments: 'none',
    logOverride: { 'empty-import-meta': 'error' },
    logLevel: 'silent',
    write: false,
  }).catch((error: unknown) => {
    throw new ImageFailure(`${entry} cannot be bundled: ${error instanceof Error ? error.message : String(error)}`);
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new ImageFailure(`${entry} was bundled into nothing: check that it is a script.`);
  return file.contents;
}

// The image's build stage (Dockerfile) runs this file with the path to write.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [outfile = 'dist/mcp-lifecycle.cjs'] = process.argv.slice(2);
  await writeFile(outfile, await bundleProgram());
}
