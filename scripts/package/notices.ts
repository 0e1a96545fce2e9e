import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What of another package's package.json is looked at. */
interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

export interface BundledPackage extends PackageManifest {
  readonly folder: string;
}

/** The licences of the packages that these files are of, as each comes with it. Files are relative to `root`. */
export function renderNotices(root: string, files: readonly string[]): string {
  return bundledPackages(root, files).map(renderNotice).join('\n');
}

/** The packages that these files are of. */
export function bundledPackages(root: string, files: readonly string[]): readonly BundledPackage[] {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return [...folders].sort().map((name) => {
    const folder = join(root, name);
    // npm insists on name and version.
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest;
    return { ...manifest, folder };
  });
}

function renderNotice({ folder, name, version, license = '(no licence)' }: BundledPackage): string {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `# ${name} ${version}: ${license}\n${text}`;
}
