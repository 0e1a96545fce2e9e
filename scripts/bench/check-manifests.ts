import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify, parse } from 'yaml';
import { namesOf } from '../../webhooks/cli/names-of.ts';
import { reportOutputs } from '../../webhooks/cli/outputs.ts';
import { runCommand, type Environment } from '../cluster/command.ts';
import { writeNpmPackage } from '../package/npm-package.ts';
import { numbered, stoppedServer } from './cluster/servers.ts';
import { median } from './median.ts';
import type { Measurement } from './measurement.ts';
import { ensureTool, otherTools } from './other-tools.ts';

const outputs = namesOf(reportOutputs);

const count = 2000;
const rounds = 5;

/** In seconds, of each output and of all at once. */
const maxSeconds = 0.5;

/** In milliseconds, of a single manifest, and how often it is checked: it is short. */
const maxMsForOne = 100;
const roundsOfOne = 25;

const time = { what: `\`check\` of ${count} manifests, in all outputs at once`, bar: `< ${maxSeconds} s` };
const timeOfOne = { what: '`check` of one manifest', bar: `< ${maxMsForOne} ms` };
const timeOfFirst = { what: '`check` of one manifest, the first time', bar: `< ${maxMsForOne} ms` };

export const checkManifests: Measurement = {
  name: 'check-manifests',
  method:
    `\`mcp-lifecycle check\` (the npm package) on a folder of ${count} manifests, one MCPServer each, kubeconform ${otherTools.kubeconform} with the ` +
    `schema of the CRD on the same folder, and kube-score ${otherTools['kube-score']} on the ${count} Deployments that \`render\` makes of them, a file ` +
    `each, in turn; medians of ${rounds}. The manifests are in plain block style; beside them a folder where each has a comment ` +
    'behind a value, so that the YAML library reads it. kubeconform judges the schema alone; kube-score knows no MCPServer and judges ' +
    `workloads by rules of its own. And a single manifest, by whoever has run the program before, by whoever runs it for the first time (nothing ` +
    `compiled is kept yet), and in turn with them a script of Node that does nothing: medians of ${roundsOfOne}.`,
  minutes: 2,
  bars: [time, timeOfOne, timeOfFirst],
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    try {
      const manifests = join(folder, 'manifests');
      const commented = join(folder, 'commented');
      await writeManifests(manifests, '');
      await writeManifests(commented, ' # a comment');
      await writeNpmPackage(join(folder, 'package'));
      const bundle = join(folder, 'package/mcp-lifecycle.cjs');
      await writeSchema(join(folder, 'mcpserver.json'));
      const check = (path: string, output: string) => [process.execPath, bundle, 'check', '--output', output, path];
      const schema = ['-schema-location', join(folder, 'mcpserver.json'), '-strict'];
      const deployments = await renderDeployments(bundle, manifests, join(folder, 'deployments'));
      const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
      const medians = await timeInTurn(rounds, env, {
        ...Object.fromEntries(outputs.map((output) => [output, check(manifests, output)])),
        everything: [
          ...check(manifests, 'text'),
          ...outputs.map((output) => `--output=${output}=${join(folder, `report.${output}`)}`),
        ],
        kubeconform: [await ensureTool('kubeconform'), ...schema, manifests],
        'kube-score': [await ensureTool('kube-score'), 'score', ...deployments],
        commented: check(commented, 'text'),
      });
      const nothing = join(folder, 'nothing.cjs');
      await writeFile(nothing, '');
      const one = check(join(manifests, `${numbered('server', 1)[0] ?? ''}.yaml`), 'text');
      const single = await timeInTurn(roundsOfOne, env, { one, nothing: [process.execPath, nothing] });
      const first = await timeFirst(folder, one);
      for (const [name, seconds] of Object.entries(medians)) progress(`${name} ${seconds.toFixed(2)} s`);
      const told = (name: string): string => `${(medians[name] ?? NaN).toFixed(2)} s`;
      const slowest = Math.max(...[...outputs, 'everything'].map((name) => medians[name] ?? NaN));
      const oneMs = (single['one'] ?? NaN) * 1000;
      const firstMs = first * 1000;
      const start = (single['nothing'] ?? NaN) * 1000;
      progress(`one ${oneMs.toFixed(0)} ms, the first ${firstMs.toFixed(0)} ms, Node alone ${start.toFixed(0)} ms`);
      return [
        {
          ...time,
          measured: told('everything'),
          isMet: slowest < maxSeconds,
          remark:
            `one at a time ${outputs.map((output) => `${output} ${told(output)}`).join(', ')}; ${told('commented')} where the YAML library reads each; ` +
            `kubeconform took ${told('kubeconform')}, kube-score ${told('kube-score')}`,
        },
        {
          ...timeOfOne,
          measured: `${oneMs.toFixed(0)} ms`,
          // As it is told: what is rounded to the bar does not meet it.
          isMet: Math.round(oneMs) < maxMsForOne,
          remark: `the start of the program, and little else; Node that does nothing took ${start.toFixed(0)} ms`,
        },
        {
          ...timeOfFirst,
          measured: `${firstMs.toFixed(0)} ms`,
          isMet: Math.round(firstMs) < maxMsForOne,
          remark: 'everything is compiled, and kept for the next time; so it is each time where nothing can be kept',
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

/** What kube-score is given: the Deployment of each server, in a file of its own. */
async function renderDeployments(bundle: string, manifests: string, folder: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCommand([
    process.execPath,
    bundle,
    'render',
    '--output',
    'json',
    manifests,
  ]);
  if (code !== 0) throw new Error(`render ended with ${code}: ${stderr}`.slice(0, 2000));
  // Our own output.
  const { items } = JSON.parse(stdout) as { items: readonly { kind: string; metadata: { name: string } }[] };
  const deployments = items.filter(({ kind }) => kind === 'Deployment');
  if (deployments.length !== count)
    throw new Error(`render made ${deployments.length} Deployments of ${count} servers`);
  await mkdir(folder);
  const files = deployments.map((deployment) => ({
    deployment,
    file: join(folder, `${deployment.metadata.name}.yaml`),
  }));
  for (const { deployment, file } of files) await writeFile(file, stringify(deployment));
  return files.map(({ file }) => file);
}

/** Seconds of it for somebody who has nothing in his cache; median. */
async function timeFirst(folder: string, command: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < roundsOfOne; round += 1) {
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'first', String(round)) };
    times.push(await secondsOf(command, env));
  }
  return median(times);
}

/** Seconds of each command, one after the other so that a busy moment meets all of them; medians. */
async function timeInTurn(
  repetitions: number,
  env: Environment,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(commands);
  const times = names.map(() => [] as number[]);
  for (let round = 0; round < repetitions; round += 1)
    for (const [index, name] of names.entries()) times[index]?.push(await secondsOf(commands[name] ?? [], env));
  return Object.fromEntries(names.map((name, index) => [name, median(times[index] ?? [])]));
}

async function secondsOf(command: readonly string[], env: Environment): Promise<number> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await runCommand(command, { env });
  // kube-score finds something in every Deployment, and ends with 1 for that.
  const isFine = code === 0 || (code === 1 && command[1] === 'score');
  if (!isFine)
    throw new Error(`${command.slice(0, 9).join(' ')} ended with ${code}: ${stderr}${stdout}`.slice(0, 2000));
  return (performance.now() - startedAt) / 1000;
}
