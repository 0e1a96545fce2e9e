import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What of another package's package.json is looked at. */
interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** The licences of the packages that these files are of, as each comes with it. Files are relative to `root`. */
export function renderNotices(root: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return [...folders]
    .sort()
    .map((folder) => renderNotice(join(root, folder)))
    .join('\n');
}

function renderNotice(folder: string): string {
  // npm insists on name and version.
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
  const { name, version, license = '(no licence)' } = manifest;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `# ${name} ${version}: ${license}\n${text}`;
}
