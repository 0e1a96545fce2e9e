import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { exitCodes } from '../../webhooks/cli/exit-code.ts';
import { readCheckoutVersion, readPackageVersion } from '../../webhooks/platform/checkout-version.ts';
import { ImageFailure } from './failure.ts';
import { withoutPages, type PageField } from './what-people-read.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const stub = (name: string): string => fileURLToPath(new URL(`stubs/${name}`, import.meta.url));

/** Oldest Node that the command line of the bundle runs on (`util.styleText`); the image brings its own, newer one. */
const oldestNode = { major: 20, minor: 12 } as const;
export const oldestNodeText = `${oldestNode.major}.${oldestNode.minor}`;

/**
 * First lines of the bundle: on a Node that is too old it says so and ends as wrong usage does, before anything fails
 * with a stack and the exit code of a finding. In syntax that every Node reads; those before 14 refuse the bundle's own.
 */
export const nodeGuard = `var node = process.versions.node.split('.');
if (Number(node[0]) < ${oldestNode.major} || (Number(node[0]) === ${oldestNode.major} && Number(node[1]) < ${oldestNode.minor})) {
  process.stderr.write('mcp-lifecycle needs Node ${oldestNodeText} or newer, found ' + process.version + ': run it with a newer one, or from its image.\\n');
  process.exit(${exitCodes.unusable});
}`;

/** What is bundled of the suite, wherever it goes. `version` is what it says that it is, if not what package.json says. */
function suiteOptions(version = readPackageVersion(root)): BundleOptions {
  return {
    alias: {
      undici: stub('undici.mjs'),
      yaml: stub('yaml.mjs'),
      'iconv-lite': stub('iconv-lite.cjs'),
      'mime-db': stub('mime-db.cjs'),
      '@opentelemetry/api': stub('opentelemetry-api.cjs'),
      tdigest: stub('tdigest.cjs'),
    },
    plugins: [partsOfClientNode],
    define: { MCP_LIFECYCLE_VERSION: JSON.stringify(version) },
  };
}

/**
 * The command line as one minified CommonJS file, for machines that have Node and nothing else. Commands stay lazy, so one
 * does not evaluate the code of the others. Top-level await and `import.meta` do not exist in CommonJS: both
 * are errors here.
 */
export async function bundleProgram(version?: string): Promise<Uint8Array> {
  const { contents } = await buildProgram(version);
  return contents;
}

/** The same, and what it is made of. */
async function buildProgram(version?: string): Promise<Bundle> {
  const target = `node${oldestNodeText}`;
  const { plugins = [], ...options } = suiteOptions(version);
  const texts = await Promise.all(
    [imageParts.kubeconfig, imageParts['pod-tunnel']].map(async (entry) => {
      return { entry, ...(await buildScript(entry, { ...options, plugins, target })) };
    }),
  );
  const { contents, files } = await buildScript('webhooks/main.ts', {
    ...options,
    plugins: [...plugins, withoutPrograms, ...texts.map(asText)],
    banner: { js: nodeGuard },
    target,
  });
  return { contents, files: [...new Set([...files, ...texts.flatMap((text) => text.files)])] };
}

/** Files by name, with what is in them: one module, or several that are loaded together, whose exports have names of their own. */
type Parts = Readonly<Record<string, string | readonly string[]>>;

/** The first file is what is started; the others are what it, or one of them, imports when it is needed. */
const commandLineParts = {
  'mcp-lifecycle': 'webhooks/main.ts',
  'command-line': 'webhooks/cli/main.ts',
  manifests: 'webhooks/platform/manifests/parse-manifests.ts',
  kubeconfig: 'webhooks/platform/kube/kubeconfig.ts',
  'pod-tunnel': 'webhooks/platform/kube/pod-tunnel.ts',
  // What stubs/yaml.mjs requires when it is used.
  yaml: 'node_modules/yaml/dist/index.js',
} as const satisfies Parts;

/** With what runs in a cluster. */
const imageParts = {
  ...commandLineParts,
  webhook: 'webhooks/programs/webhook.ts',
  reconciler: 'webhooks/programs/reconciler.ts',
  bridge: 'webhooks/programs/bridge.ts',
  'await-admission': 'webhooks/programs/await-admission.ts',
  'network-target': 'webhooks/programs/network-target.ts',
  'policy-text': 'webhooks/platform/policy/parse-policy-text.ts',
  'why-invalid': 'webhooks/core/mcpserver/validate.gen.ts',
} as const satisfies Parts;

/**
 * The same for the image, by file name: a file for each program, because the text and the functions of the others would
 * stay in its memory, used or not. What several of them import is in each, so nothing may go from one file to another
 * but plain values (docs/decisions/0055-a-file-for-each-program.md). `changes` may replace something, for a measurement.
 */
export async function bundleImage(changes: readonly Plugin[] = []): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map((await buildImageParts(changes)).map(({ name, contents }) => [name, contents]));
}

/** Files of which something is in the image's, relative to the root. */
export async function filesOfImage(): Promise<readonly string[]> {
  return [...new Set((await buildImageParts()).flatMap(({ files }) => files))];
}

async function buildImageParts(changes: readonly Plugin[] = []): ReturnType<typeof bundleParts> {
  const { plugins = [], ...options } = suiteOptions();
  return bundleParts(
    { ...imageParts, ...(await partsOfCommands()) },
    { ...options, plugins: [...plugins, ...changes] },
  );
}

/** The same of the command line alone, for npm; Node can keep what it compiles of them, but not of the first. */
export async function buildPackage(): Promise<readonly (Bundle & { readonly name: string })[]> {
  const { plugins = [], ...options } = suiteOptions();
  const parts = { ...commandLineParts, ...(await partsOfCommands()) };
  return bundleParts(parts, {
    ...options,
    plugins: [...plugins, withoutPrograms],
    banner: { js: nodeGuard },
    target: `node${oldestNodeText}`,
  });
}

const check = 'webhooks/cli/check.ts';

/**
 * `check`, which runs most and before each commit, need not have all other commands read and compiled with it: a file is
 * read as a whole before it begins. These are together in another one, because they have most of their code in common.
 */
async function partsOfCommands(): Promise<Parts> {
  const listed = await readFile(join(root, 'webhooks/cli/commands.ts'), 'utf8');
  const commands = [...listed.matchAll(/import\('\.\/([a-z-]+\.ts)'\)/g)].map(
    ([, file = '']) => `webhooks/cli/${file}`,
  );
  if (!commands.includes(check))
    throw new ImageFailure(`webhooks/cli/commands.ts loads no ${check}: look for it there.`);
  return { check, 'other-commands': commands.filter((file) => file !== check) };
}

async function bundleParts(
  parts: Parts,
  { plugins = [], ...options }: BundleOptions,
): Promise<readonly (Bundle & { readonly name: string })[]> {
  const bundled = Object.entries(parts).map(async ([name, entry]) => ({
    ...(await buildScript(entry, {
      ...options,
      plugins: [
        ...(name === 'reconciler' ? [whyInvalidIsAsked] : []),
        ...[otherPartsStayOutside(parts), withoutPages(unreadPages[name] ?? []), ...plugins],
      ],
      // What is outside is loaded by `require`: the other loader would be one more in memory, and takes time.
      supported: { 'dynamic-import': false },
    })),
    name: `${name}.cjs`,
  }));
  return Promise.all(bundled);
}

/** What a part does without, of rules. `check` tells the rationale (SARIF). */
const unreadPages: Readonly<Record<string, readonly PageField[]>> = {
  webhook: ['examples', 'rationale'],
  reconciler: ['examples', 'rationale'],
  'await-admission': ['examples', 'rationale'],
  check: ['examples'],
};

function otherPartsStayOutside(parts: Parts): Plugin {
  return {
    name: 'each part is a file',
    setup(bundler) {
      bundler.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        const file = relative(root, resolve(resolveDir, path));
        const part = Object.entries(parts).find(([, entry]) => [entry].flat().includes(file));
        if (!['dynamic-import', 'require-call'].includes(kind) || part === undefined) return undefined;
        return { path: `./${part[0]}.cjs`, external: true };
      });
    },
  };
}

/**
 * Why an object is no MCPServer is a fifth of the reconciler's text, and hardly ever asked there: what the API server has stored
 * was valid. Whoever asks loads it.
 */
const whyInvalidIsAsked: Plugin = {
  name: 'why an object is invalid in a file of its own',
  setup(bundler) {
    bundler.onLoad({ filter: /\/webhooks\/core\/mcpserver\/validate\.gen\.ts$/ }, ({ path }) => ({
      contents: `let loaded; export const errorsOf = (data) => (loaded ??= require('./${basename(path)}')).errorsOf(data);`,
      resolveDir: dirname(path),
    }));
  },
};

/** What runs in a cluster runs from the image. A file is read as a whole before its first line runs, used or not. */
const withoutPrograms: Plugin = {
  name: 'a command line without the programs of the cluster',
  setup(bundler) {
    bundler.onLoad(
      { filter: /\/webhooks\/programs\/(webhook|reconciler|bridge|await-admission|network-target)\.ts$/ },
      ({ path }) => {
        const said = `${basename(path, '.ts')} runs in a cluster, from the image: this file is the command line alone\n`;
        const refuse = `() => { process.stderr.write(${JSON.stringify(said)}); return Promise.resolve(${exitCodes.unusable}); }`;
        return {
          contents: `export const [runWebhook, runReconciler, runBridge, runAwaitAdmission, runNetworkTarget] = Array(5).fill(${refuse});`,
        };
      },
    );
  },
};

/**
 * A part that is a text until it is imported. What reads a kubeconfig, or brings connections to a pod, is a quarter of the program, with
 * libraries for OAuth, proxies and JSONPath, and next to nobody asks a cluster: a text is passed over when the file is read. As in the image
 * (docs/decisions/0055-a-file-for-each-program.md) it shares no code with the rest.
 */
function asText({ entry, contents }: Bundle & { readonly entry: string }): Plugin {
  const namespace = `as-text-${entry}`;
  const text = JSON.stringify(Buffer.from(contents).toString('utf8'));
  return {
    name: `${entry} as a text`,
    setup(bundler) {
      bundler.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
        kind === 'dynamic-import' && relative(root, resolve(resolveDir, path)) === entry
          ? { path, namespace }
          : undefined,
      );
      bundler.onLoad({ filter: /./, namespace }, () => ({
        contents: `new Function('require', 'module', 'exports', ${text})(require, module, exports);`,
      }));
    },
  };
}

/**
 * Of client-node, which exports only the whole, the file that has what is imported; and instead of the generated API, which
 * both of them import by the one specifier that names it, next to nothing.
 */
const partsOfClientNode: Plugin = {
  name: 'client-node without its generated API',
  setup(bundler) {
    bundler.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer }) => {
      const file = importer.endsWith(imageParts['pod-tunnel']) ? 'portforward' : 'config';
      return { path: `${root}node_modules/@kubernetes/client-node/dist/${file}.js` };
    });
    bundler.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
      importer.includes('@kubernetes/client-node') ? { path: stub('client-node-gen.mjs') } : undefined,
    );
  },
};

type BundleOptions = Pick<BuildOptions, 'alias' | 'banner' | 'define' | 'format' | 'plugins' | 'supported' | 'target'>;

export interface Bundle {
  readonly contents: Uint8Array;
  /** What is in it, relative to the repository. */
  readonly files: readonly string[];
}

/** One script with its dependencies as one file, CommonJS if not said otherwise; `entry` is relative to the repository. */
export async function bundleScript(entry: string, options: BundleOptions = {}): Promise<Uint8Array> {
  const { contents } = await buildScript(entry, options);
  return contents;
}

async function buildScript(entry: string | readonly string[], options: BundleOptions): Promise<Bundle> {
  const source: Pick<BuildOptions, 'entryPoints' | 'stdin'> =
    typeof entry === 'string'
      ? { entryPoints: [entry] }
      : { stdin: { contents: entry.map((one) => `export * from './${one}';`).join('\n'), resolveDir: root } };
  const result = await build({
    format: 'cjs',
    target: 'node24',
    ...options,
    absWorkingDir: root,
    ...source,
    bundle: true,
    minify: true,
    platform: 'node',
    legalComments: 'none',
    metafile: true,
    logOverride: { 'empty-import-meta': 'error' },
    logLevel: 'silent',
    write: false,
  }).catch((error: unknown) => {
    throw new ImageFailure(
      `${String(entry)} cannot be bundled: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const [file] = result.outputFiles;
  if (file === undefined)
    throw new ImageFailure(`${String(entry)} was bundled into nothing: check that it is a script.`);
  return { contents: file.contents, files: Object.keys(result.metafile.inputs) };
}

// The image's build stage (Dockerfile) runs this file with `--image FOLDER`, `npm run bundle` with the path to write. The one
// file names the commit where there is one; the image leaves it out, so that it is built again only when it changes.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first = 'dist/mcp-lifecycle.cjs', folder = 'dist'] = process.argv.slice(2);
  if (first === '--image') await writeImageParts(folder);
  else await writeProgram(first);
}

/** Into the folder, which is made. */
export async function writeImageParts(folder: string, changes: readonly Plugin[] = []): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of await bundleImage(changes)) await writeFile(join(folder, name), bytes);
}

async function writeProgram(outfile: string): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true });
  await writeFile(outfile, await bundleProgram(readCheckoutVersion(root)));
  process.stdout.write(`${outfile}: \`node ${outfile} check DIR\` runs it, on Node ${oldestNodeText} or newer\n`);
}
