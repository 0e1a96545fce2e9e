import type { InputProblem, Manifest } from '../platform/manifests/manifest.ts';
import { parseManifests } from '../platform/manifests/parse-manifests.ts';
import { readTexts } from '../platform/manifests/read-texts.ts';
import { isMeantAsMCPServer } from './identity.ts';
import { InputFacts } from './input-facts.ts';

/** Everything that was read before anything is judged. */
export interface Input {
  /** In the order of the input. */
  readonly servers: readonly Manifest[];
  readonly facts: InputFacts;
  /** How many documents are neither MCPServers nor what servers can name. */
  readonly others: number;
  readonly problems: readonly InputProblem[];
}

export interface InputOptions {
  readonly paths: readonly string[];
  /** Of objects that name none. */
  readonly namespace: string;
  readonly readStdin: () => Promise<Uint8Array>;
}

export async function gatherInput({ paths, namespace, readStdin }: InputOptions): Promise<Input> {
  const { texts, problems } = await readTexts(paths, readStdin);
  const servers: Manifest[] = [];
  const facts = new InputFacts();
  const allProblems = [...problems];
  let others = 0;
  for (const { file, text } of texts) {
    const parsed = parseManifests(file, text);
    allProblems.push(...parsed.problems);
    for (const manifest of parsed.manifests) {
      if (isMeantAsMCPServer(manifest.value)) servers.push(manifest);
      else if (!facts.add(manifest, namespace)) others += 1;
    }
  }
  return { servers, facts, others, problems: allProblems };
}
