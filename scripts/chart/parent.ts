import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chart, runHelm } from './render.ts';

/** A chart that has ours as a dependency, and its values. */
export interface Parent {
  /** Beside name, version and repository of the dependency. */
  readonly dependency?: object;
  readonly values: object;
}

/** A folder with the parent, our chart packed into it as `helm dependency update` does; whoever asks for it removes it. */
export async function writeParent({ dependency = {}, values }: Parent): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-parent-'));
  const ours = { name: 'mcp-lifecycle', version: '>=0.0.0-0', repository: `file://${chart}`, ...dependency };
  const metadata = { apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies: [ours] };
  await mkdir(join(folder, 'templates'));
  // JSON is YAML.
  await writeFile(join(folder, 'Chart.yaml'), JSON.stringify(metadata));
  await writeFile(join(folder, 'values.yaml'), JSON.stringify(values));
  await runHelm('dependency', 'update', folder);
  return folder;
}
