import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../cluster/command.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';

/** What kubectl makes of one text. */
export interface KubectlReading {
  /** The objects, items of lists one by one, those of a text that is refused at its end, too. */
  readonly values: readonly unknown[];
  /** What it says of a text that it does not read to its end. */
  readonly refusal?: string;
}

/** The label that makes kubectl print the objects; nothing else of them changes. */
const label = 'read-by';

const marker = (index: number): string => `end-of-${index}`;

/**
 * What the kubectl of the local cluster reads, which needs no cluster for it: `kubectl label --local` reads files as
 * every command of it does. All texts in one run, each in a file that a marker follows; those of which nothing is told
 * once more by themselves, because not everything that kubectl says names the file.
 */
export async function readWithKubectl(texts: readonly (string | Uint8Array)[]): Promise<readonly KubectlReading[]> {
  const { readings } = await runKubectl(texts);
  return Promise.all(
    readings.map(async (reading, index) => {
      if (reading.values.length > 0 || reading.refusal !== undefined) return reading;
      const { said, isDone } = await runKubectl([texts[index] ?? '']);
      return isDone ? reading : { ...reading, refusal: said };
    }),
  );
}

interface KubectlRun {
  readonly readings: readonly KubectlReading[];
  readonly said: string;
  readonly isDone: boolean;
}

async function runKubectl(texts: readonly (string | Uint8Array)[]): Promise<KubectlRun> {
  const kubectl = join(await ensureTools(resolveSettings({}, process.env).cache), 'kubectl');
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-reading-'));
  try {
    for (const [index, text] of texts.entries()) {
      await writeFile(join(folder, fileOf(index)), text);
      const end = { apiVersion: 'v1', kind: 'Marker', metadata: { name: marker(index) } };
      await writeFile(join(folder, fileOf(index).replace('-a', '-b')), JSON.stringify(end));
    }
    const args = ['label', '--local', '--output', 'json', '--filename', folder, `${label}=kubectl`];
    const env = { ...process.env, KUBECONFIG: '/dev/null' };
    const { code, stdout, stderr } = await runCommand([kubectl, ...args], { env });
    return { readings: toReadings(stdout, stderr, texts.length), said: stderr, isDone: code === 0 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function fileOf(index: number): string {
  return `${String(index).padStart(6, '0')}-a.yaml`;
}

function toReadings(printed: string, said: string, count: number): readonly KubectlReading[] {
  const readings: KubectlReading[] = [];
  let values: unknown[] = [];
  for (const value of parsePrinted(printed)) {
    if (nameOf(value) !== marker(readings.length)) {
      values.push(withoutLabel(value));
      continue;
    }
    const refusal = said.split('\n').find((line) => line.includes(fileOf(readings.length)));
    readings.push({ values, ...(refusal === undefined ? {} : { refusal }) });
    values = [];
  }
  if (readings.length !== count) throw new Error(`kubectl ended after ${readings.length} of ${count} texts: ${said}`);
  return readings;
}

/** One object after the other, each with its braces on lines of their own. */
function parsePrinted(printed: string): readonly unknown[] {
  return [...printed.matchAll(/^\{\n[^]*?^\}$/gm)].map(([text]) => JSON.parse(text) as unknown);
}

interface Labelled {
  readonly metadata?: { readonly name?: unknown; readonly labels?: Readonly<Record<string, unknown>> };
}

function nameOf(value: unknown): unknown {
  // kubectl prints objects with metadata only.
  return (value as Labelled).metadata?.name;
}

/** The object before it got the label: without the maps that would be empty otherwise. */
function withoutLabel(value: unknown): unknown {
  const object = value as Labelled;
  const { labels, ...metadata } = object.metadata ?? {};
  const kept = Object.fromEntries(Object.entries(labels ?? {}).filter(([name]) => name !== label));
  return { ...object, metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, labels: kept } };
}
