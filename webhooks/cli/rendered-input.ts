import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { oneLine } from '../core/engine/text.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import { decodeText, maxInputBytes, type InputText, type ReadTexts } from '../platform/manifests/read-texts.ts';
import { splitDocuments } from '../platform/manifests/split-documents.ts';
import { runProgram, type ProgramResult } from '../platform/run-program.ts';
import { findInSource } from './find-in-source.ts';
import type { InputValues } from './input-options.ts';

/** A chart or an overlay that takes longer to be rendered than this waits for something. */
const limits = { timeoutMs: 60_000, maxBytes: maxInputBytes };

export interface RenderOptions {
  /** Of the release. */
  readonly namespace: string;
  readonly env: NodeJS.ProcessEnv;
}

type Run = (program: string, args: readonly string[]) => Promise<ProgramResult>;

/** What `helm` and `kustomize` of this machine make of a chart and of overlays; each document with where it comes from. */
export async function renderInput(input: InputValues, { namespace, env }: RenderOptions): Promise<ReadTexts> {
  const { helm, kustomize } = input;
  const run: Run = (program, args) => runProgram(program, args, { ...limits, env });
  const read = [
    ...(helm === '' ? [] : [await renderChart(input, namespace, run)]),
    ...(await Promise.all(kustomize.map((folder) => buildOverlay(folder, run)))),
  ];
  return { texts: read.flatMap(({ texts }) => texts), problems: read.flatMap(({ problems }) => problems) };
}

async function renderChart({ helm: chart, values, set }: InputValues, namespace: string, run: Run): Promise<ReadTexts> {
  if (!existsSync(chart)) return refuse(chart, 'no such file or folder: pull the chart first');
  const args = [
    'template',
    // An absolute path is never taken for an option, nor for a chart of a repository.
    resolve(chart),
    `--namespace=${namespace}`,
    ...values.map((file) => `--values=${file}`),
    ...set.map((value) => `--set=${value}`),
  ];
  const result = await run('helm', args);
  if (result.type === 'missing') return refuse(chart, '--helm needs the program helm, which is not on the PATH');
  return toTexts(result, { name: chart, program: 'helm template', sourceOf: (text) => templateOf(chart, text) });
}

/** By itself, or by the kustomize that is in kubectl. */
async function buildOverlay(folder: string, run: Run): Promise<ReadTexts> {
  if (!existsSync(folder)) return refuse(folder, 'no such file or folder');
  const own = await run('kustomize', ['build', resolve(folder)]);
  const isOwn = own.type !== 'missing';
  const result = isOwn ? own : await run('kubectl', ['kustomize', resolve(folder)]);
  if (result.type === 'missing') {
    return refuse(folder, '--kustomize needs the program kustomize or kubectl, and neither is on the PATH');
  }
  const program = isOwn ? 'kustomize build' : 'kubectl kustomize';
  return toTexts(result, { name: folder, program, sourceOf: (text) => originOf(folder, text) });
}

interface Rendered {
  /** Of the chart or the overlay, as the user named it. */
  readonly name: string;
  readonly program: string;
  /** The file that a document was made of, where it says so and the file is there. */
  readonly sourceOf: (document: string) => string | undefined;
}

function toTexts(result: ProgramResult, { name, program, sourceOf }: Rendered): ReadTexts {
  switch (result.type) {
    case 'missing':
      return refuse(name, `${program}: no such program`);
    case 'timeout':
      return refuse(name, `${program} did not end within ${limits.timeoutMs / 1000} s`);
    case 'too-much':
      return refuse(name, `${program} printed more than ${limits.maxBytes / 1024 / 1024} MiB`);
    case 'failed':
      return refuse(name, `${program} failed: ${oneLine(result.said, 500)}`);
    case 'done': {
      const whole = decodeText(name, result.stdout);
      if (!('text' in whole)) return { texts: [], problems: [whole] };
      const { documents } = splitDocuments(whole.text);
      return { texts: documents.map(({ text }) => toText(text, name, sourceOf(text))), problems: [] };
    }
  }
}

/** Largest template that findings are looked for in, in bytes. */
const maxSourceBytes = 1024 * 1024;

function toText(text: string, name: string, source: string | undefined): InputText {
  const isReadable = source !== undefined && statSync(source).size <= maxSourceBytes;
  if (!isReadable) return { file: source ?? name, text, place: () => ({ line: 1, column: 1 }) };
  return { file: source, text, place: findInSource(text, readFileSync(source, 'utf8')) };
}

/** `# Source: search/templates/server.yaml`: the name of the chart, and the file in it. */
function templateOf(chart: string, document: string): string | undefined {
  const [, file] = /^# Source: [^/\n]+\/(.+)$/m.exec(document) ?? [];
  return file === undefined ? undefined : fileIn(chart, file);
}

/** What `buildMetadata: [originAnnotations]` adds; a resource from elsewhere has a `repo`, and no file here. */
function originOf(overlay: string, document: string): string | undefined {
  const [, file] = /^ +config\.kubernetes\.io\/origin: \|\n +path: (.+)\n(?! +repo: )/m.exec(document) ?? [];
  return (file === undefined ? undefined : fileIn(overlay, file)) ?? kustomizationOf(overlay);
}

function kustomizationOf(folder: string): string | undefined {
  return ['kustomization.yaml', 'kustomization.yml', 'Kustomization'].flatMap((name) => fileIn(folder, name) ?? [])[0];
}

function fileIn(folder: string, file: string): string | undefined {
  const path = join(folder, file);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined;
}

function refuse(file: string, message: string): ReadTexts & { readonly problems: readonly InputProblem[] } {
  return { texts: [], problems: [{ file, message }] };
}
