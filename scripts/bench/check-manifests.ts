import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify, parse } from 'yaml';
import { namesOf } from '../../webhooks/cli/names-of.ts';
import { reportOutputs } from '../../webhooks/cli/outputs.ts';
import { cacheEntry } from '../cluster/cache.ts';
import { requireCommand, runCommand } from '../cluster/command.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { bundleProgram } from '../image/bundle.ts';
import { numbered, stoppedServer } from './cluster/servers.ts';
import { median } from './median.ts';
import type { Measurement } from './measurement.ts';

const outputs = namesOf(reportOutputs);

const count = 2000;
const rounds = 5;

/** The version in go/kubeconform/go.mod; only in the name of its cache entry. */
const kubeconformVersion = '0.8.0';

/** In seconds, of each output and of all at once. */
const maxSeconds = 0.5;

/** In seconds, of a single manifest. */
const maxSecondsForOne = 0.1;

const time = { what: `\`check\` of ${count} manifests, in all outputs at once`, bar: `< ${maxSeconds} s` };
const timeOfOne = { what: '`check` of one manifest', bar: `< ${maxSecondsForOne} s` };

export const checkManifests: Measurement = {
  name: 'check-manifests',
  method:
    `\`mcp-lifecycle check\` (as one file) on a folder of ${count} manifests, one MCPServer each, and ` +
    `kubeconform ${kubeconformVersion} with the schema of the CRD on the same folder, in turn; medians of ${rounds}. The manifests are in ` +
    'plain block style; beside them a folder where each has a comment behind a value, so that the YAML library reads it, ' +
    'and a single manifest, which is the start and little else. kubeconform judges the schema alone.',
  minutes: 2,
  bars: [time, timeOfOne],
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    try {
      const manifests = join(folder, 'manifests');
      const commented = join(folder, 'commented');
      await writeManifests(manifests, '');
      await writeManifests(commented, ' # a comment');
      const bundle = join(folder, 'mcp-lifecycle.cjs');
      await writeFile(bundle, await bundleProgram());
      await writeSchema(join(folder, 'mcpserver.json'));
      const check = (path: string, output: string) => [process.execPath, bundle, 'check', '--output', output, path];
      const kubeconform = [await ensureKubeconform(), '-schema-location', join(folder, 'mcpserver.json'), '-strict'];
      const medians = await timeInTurn({
        ...Object.fromEntries(outputs.map((output) => [output, check(manifests, output)])),
        everything: [
          ...check(manifests, 'text'),
          ...outputs.map((output) => `--output=${output}=${join(folder, `report.${output}`)}`),
        ],
        kubeconform: [...kubeconform, manifests],
        commented: check(commented, 'text'),
        one: check(join(manifests, `${numbered('server', 1)[0] ?? ''}.yaml`), 'text'),
      });
      for (const [name, seconds] of Object.entries(medians)) progress(`${name} ${seconds.toFixed(2)} s`);
      const told = (name: string): string => `${(medians[name] ?? NaN).toFixed(2)} s`;
      const slowest = Math.max(...[...outputs, 'everything'].map((name) => medians[name] ?? NaN));
      const one = medians['one'] ?? NaN;
      return [
        {
          ...time,
          measured: told('everything'),
          isMet: slowest < maxSeconds,
          remark:
            `one at a time ${outputs.map((output) => `${output} ${told(output)}`).join(', ')}; ${told('commented')} where the YAML library reads each; ` +
            `kubeconform took ${told('kubeconform')}`,
        },
        {
          ...timeOfOne,
          measured: told('one'),
          isMet: one < maxSecondsForOne,
          remark: 'the start of the program, and little else',
        },
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** `comment` stands behind the first value of each. */
async function writeManifests(folder: string, comment: string): Promise<void> {
  await mkdir(folder);
  for (const name of numbered('server', count)) {
    const text = stringify(stoppedServer('tools', name));
    await writeFile(join(folder, `${name}.yaml`), text.replace('\n', `${comment}\n`));
  }
}

/** kubeconform takes JSON Schema; the schema of the CRD is one but for its extensions, which it ignores. */
async function writeSchema(file: string): Promise<void> {
  const text = await readFile(new URL('../../crds/mcpservers.mcp.x-k8s.io.yaml', import.meta.url), 'utf8');
  // Our own generated file.
  const crd = parse(text) as { spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] } };
  const version = crd.spec.versions.find(({ name }) => name === 'v1beta1');
  await writeFile(file, JSON.stringify(version?.schema.openAPIV3Schema));
}

/** Built on first use; the result stays in the cache. */
async function ensureKubeconform(): Promise<string> {
  const { cache } = resolveSettings({}, process.env);
  const directory = await cacheEntry(cache, `kubeconform-${kubeconformVersion}`, async (unfinished) => {
    await requireCommand(['go', 'build', '-trimpath', '-o', join(unfinished, 'kubeconform'), 'tool'], 'install Go', {
      cwd: fileURLToPath(new URL('./go/kubeconform', import.meta.url)),
      env: { ...process.env, CGO_ENABLED: '0' },
    });
  });
  return join(directory, 'kubeconform');
}

/** Seconds of each command, one after the other so that a busy moment meets all of them; medians. */
async function timeInTurn(
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(commands);
  const times = names.map(() => [] as number[]);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, name] of names.entries()) times[index]?.push(await secondsOf(commands[name] ?? []));
  return Object.fromEntries(names.map((name, index) => [name, median(times[index] ?? [])]));
}

async function secondsOf(command: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await runCommand(command);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`.slice(0, 2000));
  return (performance.now() - startedAt) / 1000;
}
