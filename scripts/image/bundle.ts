import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { exitCodes } from '../../webhooks/cli/exit-code.ts';
import { readCheckoutVersion, readPackageVersion } from '../../webhooks/platform/checkout-version.ts';
import { ImageFailure } from './failure.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const stub = (name: string): string => fileURLToPath(new URL(`stubs/${name}`, import.meta.url));

/** Oldest Node that the command line of the bundle runs on (`util.styleText`); the image brings its own, newer one. */
const oldestNode = { major: 20, minor: 12 } as const;
const oldestNodeText = `${oldestNode.major}.${oldestNode.minor}`;

/**
 * First lines of the bundle: on a Node that is too old it says so and ends as wrong usage does, before anything fails
 * with a stack and the exit code of a finding. In syntax that every Node reads; those before 14 refuse the bundle's own.
 */
export const nodeGuard = `var node = process.versions.node.split('.');
if (Number(node[0]) < ${oldestNode.major} || (Number(node[0]) === ${oldestNode.major} && Number(node[1]) < ${oldestNode.minor})) {
  process.stderr.write('mcp-lifecycle needs Node ${oldestNodeText} or newer, found ' + process.version + ': run it with a newer one, or from its image.\\n');
  process.exit(${exitCodes.unusable});
}`;

/**
 * The whole suite as one minified CommonJS file: the biggest lever on memory that there is. Commands stay lazy, so a
 * program does not evaluate the code of the others. Top-level await and `import.meta` do not exist in CommonJS: both
 * are errors here. `version` is what it says that it is, if not what package.json says.
 */
export async function bundleProgram(version?: string): Promise<Uint8Array> {
  return bundleScript('webhooks/main.ts', {
    banner: { js: nodeGuard },
    target: `node${oldestNodeText}`,
    alias: {
      // KubeConfig is all that we run of it; the package exports only the whole.
      '@kubernetes/client-node': `${root}node_modules/@kubernetes/client-node/dist/config.js`,
      undici: stub('undici.mjs'),
      'iconv-lite': stub('iconv-lite.cjs'),
      'mime-db': stub('mime-db.cjs'),
    },
    plugins: [withoutGeneratedApi],
    define: { MCP_LIFECYCLE_VERSION: JSON.stringify(version ?? readPackageVersion(root)) },
  });
}

/** Replaces the generated API that KubeConfig imports, by the one specifier that names it. */
const withoutGeneratedApi: Plugin = {
  name: 'client-node without its generated API',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
      importer.includes('@kubernetes/client-node') ? { path: stub('client-node-gen.mjs') } : undefined,
    );
  },
};

/** One script with its dependencies as one file, CommonJS if not said otherwise; `entry` is relative to the repository. */
export async function bundleScript(
  entry: string,
  options: Pick<BuildOptions, 'alias' | 'banner' | 'define' | 'format' | 'plugins' | 'target'> = {},
): Promise<Uint8Array> {
  const result = await build({
    format: 'cjs',
    target: 'node24',
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    platform: 'node',
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

// The image's build stage (Dockerfile) and `npm run bundle` run this file with the path to write. It names the commit where
// there is one; `npm run image` leaves it out, so that an image is built again only when its content changes.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [outfile = 'dist/mcp-lifecycle.cjs'] = process.argv.slice(2);
  await mkdir(dirname(outfile), { recursive: true });
  await writeFile(outfile, await bundleProgram(readCheckoutVersion(root)));
  process.stdout.write(`${outfile}: \`node ${outfile} check DIR\` runs it, on Node ${oldestNodeText} or newer\n`);
}
