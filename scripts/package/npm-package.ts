import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackage, oldestNodeText } from '../image/bundle.ts';
import { renderNotices } from './notices.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const program = 'mcp-lifecycle.cjs';
const notices = 'THIRD-PARTY-NOTICES';

/** What of the project's own package.json is true of the published one as well. */
interface ProjectManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

/**
 * Writes the folder that `npm pack` and `npm publish` take: a command, and the files that it loads when it needs them. It
 * has no dependencies, because they are in the files; those of the project are its developers'.
 */
export async function writeNpmPackage(folder: string): Promise<void> {
  const text = await readFile(join(root, 'package.json'), 'utf8');
  // Our own file.
  const { name, version, description, license } = JSON.parse(text) as ProjectManifest;
  const parts = await buildPackage();
  const manifest = {
    ...{ name, version, description, license },
    bin: { [name]: program },
    files: [...parts.map((part) => part.name), notices],
    engines: { node: `>=${oldestNodeText}` },
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, 'README.md'), readme);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const files = new Set(parts.flatMap((part) => part.files));
  await writeFile(join(folder, notices), renderNotices(root, [...files]));
  for (const { name: file, contents } of parts) {
    const first = file === program ? '#!/usr/bin/env node\n' : '';
    await writeFile(join(folder, file), `${first}${Buffer.from(contents).toString('utf8')}`);
  }
  await chmod(join(folder, program), 0o755);
}

const readme = `# mcp-lifecycle

Says about MCPServer manifests what a cluster with mcp-lifecycle would say: a gate for pull requests, without a cluster.

\`\`\`sh
mcp-lifecycle check deploy/
mcp-lifecycle check --help
\`\`\`
`;
