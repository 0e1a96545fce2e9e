import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify, parse } from 'yaml';
import { namesOf } from '../../webhooks/cli/names-of.ts';
import { reportOutputs } from '../../webhooks/cli/outputs.ts';
import { runCommand } from '../cluster/command.ts';
import { bundleProgram } from '../image/bundle.ts';
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

export const checkManifests: Measurement = {
  name: 'check-manifests',
  method:
    `\`mcp-lifecycle check\` (as one file) on a folder of ${count} manifests, one MCPServer each, kubeconform ${otherTools.kubeconform} with the ` +
    `schema of the CRD on the same folder, and kube-score ${otherTools['kube-score']} on the ${count} Deployments that \`render\` makes of them, a file ` +
    `each, in turn; medians of ${rounds}. The manifests are in plain block style; beside them a folder where each has a comment ` +
    'behind a value, so that the YAML library reads it. kubeconform judges the schema alone; kube-score knows no MCPServer and judges ' +
    `workloads by rules of its own. And a single manifest, in turn with a script of Node that does nothing: medians of ${roundsOfOne}.`,
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
      const schema = ['-schema-location', join(folder, 'mcpserver.json'), '-strict'];
      const deployments = await renderDeployments(bundle, manifests, join(folder, 'deployments'));
      const medians = await timeInTurn(rounds, {
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
      const single = await timeInTurn(roundsOfOne, {
        one: check(join(manifests, `${numbered('server', 1)[0] ?? ''}.yaml`), 'text'),
        nothing: [process.execPath, nothing],
      });
      for (const [name, seconds] of Object.entries(medians)) progress(`${name} ${seconds.toFixed(2)} s`);
      const told = (name: string): string => `${(medians[name] ?? NaN).toFixed(2)} s`;
      const slowest = Math.max(...[...outputs, 'everything'].map((name) => medians[name] ?? NaN));
      const one = (single['one'] ?? NaN) * 1000;
      const start = (single['nothing'] ?? NaN) * 1000;
      progress(`one ${one.toFixed(0)} ms, Node alone ${start.toFixed(0)} ms`);
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
          measured: `${one.toFixed(0)} ms`,
          // As it is told: what is rounded to the bar does not meet it.
          isMet: Math.round(one) < maxMsForOne,
          remark: `the start of the program, and little else; Node that does nothing took ${start.toFixed(0)} ms`,
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

/** Seconds of each command, one after the other so that a busy moment meets all of them; medians. */
async function timeInTurn(
  repetitions: number,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(commands);
  const times = names.map(() => [] as number[]);
  for (let round = 0; round < repetitions; round += 1)
    for (const [index, name] of names.entries()) times[index]?.push(await secondsOf(commands[name] ?? []));
  return Object.fromEntries(names.map((name, index) => [name, median(times[index] ?? [])]));
}

async function secondsOf(command: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await runCommand(command);
  // kube-score finds something in every Deployment, and ends with 1 for that.
  const isFine = code === 0 || (code === 1 && command[1] === 'score');
  if (!isFine)
    throw new Error(`${command.slice(0, 9).join(' ')} ended with ${code}: ${stderr}${stdout}`.slice(0, 2000));
  return (performance.now() - startedAt) / 1000;
}
