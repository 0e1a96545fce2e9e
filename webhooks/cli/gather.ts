import type { LabelsOf } from '../core/engine/policy.ts';
import type { InputProblem, Manifest } from '../platform/manifests/manifest.ts';
import { parseManifests, type ParsedManifests } from '../platform/manifests/parse-manifests.ts';
import { readTexts, type InputText, type ReadTexts } from '../platform/manifests/read-texts.ts';
import { isMeantAsMCPServer } from './identity.ts';
import { InputFacts } from './input-facts.ts';
import { InputNamespaces } from './input-namespaces.ts';
import type { ClusterFacts } from './known-facts.ts';

/** Everything that was read before anything is judged. */
export interface Input {
  /** In the order of the input. */
  readonly servers: readonly Manifest[];
  readonly facts: InputFacts;
  /** Of the Namespaces of the input. */
  readonly labelsOf: LabelsOf;
  /** Who knows of objects that the input does not have; nobody, unless they are asked. */
  readonly clusters: readonly ClusterFacts[];
  /** How many documents are neither MCPServers nor what servers can name. */
  readonly others: number;
  readonly problems: readonly InputProblem[];
}

export interface InputOptions {
  readonly paths: readonly string[];
  /** Of objects that name none. */
  readonly namespace: string;
  readonly readStdin: () => Promise<Uint8Array>;
  /** What other programs made of charts and overlays; it comes behind the files. */
  readonly rendered?: ReadTexts;
}

export async function gatherInput({ paths, namespace, readStdin, rendered }: InputOptions): Promise<Input> {
  const read = await readTexts(paths, readStdin);
  const texts = [...read.texts, ...(rendered?.texts ?? [])];
  const problems = [...read.problems, ...(rendered?.problems ?? [])];
  const servers: Manifest[] = [];
  const facts = new InputFacts();
  const namespaces = new InputNamespaces();
  const allProblems = [...problems];
  let others = 0;
  for (const text of texts) {
    const parsed = parseText(text);
    allProblems.push(...parsed.problems);
    for (const manifest of parsed.manifests) {
      if (isMeantAsMCPServer(manifest.value)) servers.push(manifest);
      else if (!facts.add(manifest, namespace)) others += 1;
      namespaces.add(manifest.value);
    }
  }
  return { servers, facts, labelsOf: namespaces.labelsOf, clusters: [], others, problems: allProblems };
}

/** With every place in the file that the user has. */
function parseText({ file, text, place }: InputText): ParsedManifests {
  const parsed = parseManifests(file, text);
  if (place === undefined) return parsed;
  return {
    manifests: parsed.manifests.map((manifest) => ({
      ...manifest,
      locate: (path) => place(manifest.locate(path)),
    })),
    problems: parsed.problems.map((problem) => ({
      ...problem,
      ...place({ line: problem.line ?? 1, column: problem.column ?? 1 }),
    })),
  };
}
