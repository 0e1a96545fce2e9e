// `npm run manifests -- --image REFERENCE`: the chart as one file for kubectl, dist/install.yaml.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClusterFailure } from '../cluster/failure.ts';
import { ManifestsFailure } from './failure.ts';
import { parseFlags, usage } from './flags.ts';
import { buildManifests } from './manifests.ts';

try {
  const flags = parseFlags(process.argv.slice(2));
  if (flags.help) {
    process.stdout.write(usage);
  } else {
    const text = await buildManifests(flags);
    if (flags.output === '-') {
      process.stdout.write(text);
    } else {
      await mkdir(dirname(flags.output), { recursive: true });
      await writeFile(flags.output, text);
      process.stderr.write(`wrote ${flags.output}: kubectl apply --filename ${flags.output}\n`);
    }
  }
} catch (error) {
  if (!(error instanceof ManifestsFailure) && !(error instanceof ClusterFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
