import { shortenMiddle } from '../core/engine/text.ts';
import { v2dyServer } from '../core/composites/v2dy-server.ts';
import { API } from '../core/mcpserver/api.ts';
import { policyApiVersion } from '../core/policy/document.ts';
import type { LabelsOf } from '../core/engine/policy.ts';
import type { InputProblem, Manifest } from '../platform/manifests/manifest.ts';
import { parseManifests, type ParsedManifests } from '../platform/manifests/parse-manifests.ts';
import { readTexts, type InputText, type ReadTexts } from '../platform/manifests/read-texts.ts';
import { identityOf } from './identity.ts';
import { InputFacts } from './input-facts.ts';
import { InputNamespaces } from './input-namespaces.ts';
import type { ClusterFacts } from './known-facts.ts';
import { serverManifestsOf, type ServerManifest } from './server-manifest.ts';
import { tellTwins } from './twins.ts';

/** Everything that was read before anything is judged. */
export interface Input {
  /** In the order of the input. */
  readonly servers: readonly ServerManifest[];
  readonly facts: InputFacts;
  /** Of the Namespaces of the input. */
  readonly labelsOf: LabelsOf;
  /** Who knows of objects that the input does not have; nobody, unless they are asked. */
  readonly clusters: readonly ClusterFacts[];
  /** How many documents are neither MCPServers nor what servers can name. */
  readonly others: number;
  /** What those are that look as if they were meant: a clause for each. */
  readonly othersTold?: readonly string[];
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
  const servers: ServerManifest[] = [];
  const facts = new InputFacts();
  const namespaces = new InputNamespaces();
  const allProblems = [...problems];
  const othersTold: string[] = [];
  let others = 0;
  for (const text of texts) {
    const parsed = parseText(text);
    allProblems.push(...parsed.problems);
    for (const manifest of parsed.manifests) {
      const found = serverManifestsOf(manifest);
      servers.push(...found);
      if (found.length === 0 && !facts.add(manifest, namespace)) {
        others += 1;
        othersTold.push(...tellOther(manifest));
      }
      namespaces.add(manifest.value);
    }
  }
  return {
    ...{ servers: tellTwins(servers, namespace), facts, labelsOf: namespaces.labelsOf, clusters: [] },
    ...{ others, othersTold, problems: allProblems },
  };
}

/** What people name by mistake for an MCPServer of ours. */
function tellOther({ file, value }: Manifest): readonly string[] {
  const { apiVersion, kind } = identityOf(value, '');
  if (apiVersion === policyApiVersion) return [`${shortenMiddle(file, 200)} is a policy: judge by it with --policy`];
  if (kind !== API.kind) return [];
  return [`an MCPServer of ${shortenMiddle(apiVersion, 100)}, neither of ${API.group} nor of ${v2dyServer.group}`];
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
