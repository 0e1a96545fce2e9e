import { maxPolicyBytes } from '../core/policy/document.ts';
import type { PolicyProblem } from '../core/policy/problem.ts';
import { renderPolicyProblem } from '../core/policy/problem.ts';
import { readPolicy, type ReadPolicy } from '../core/policy/read-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import type { FieldPath } from '../core/mcpserver/violation.ts';
import type { InputProblem, Manifest } from '../platform/manifests/manifest.ts';
import { parseManifests } from '../platform/manifests/parse-manifests.ts';
import { parsePolicyText } from '../platform/policy/parse-policy-text.ts';
import { readTexts, type InputText } from '../platform/manifests/read-texts.ts';

/** One policy that was named on the command line. `unreadable`: it is no document at all. */
export type PolicyFile =
  | { readonly type: 'unreadable'; readonly problems: readonly InputProblem[] }
  | { readonly type: 'read'; readonly file: string; readonly policy: ReadPolicy; readonly locate: Manifest['locate'] };

/** Every policy of the files, in their order; a file that holds several documents is none. */
export async function readPolicyFiles(
  paths: readonly string[],
  readStdin: () => Promise<Uint8Array>,
): Promise<readonly PolicyFile[]> {
  const { texts, problems } = await readTexts(paths, readStdin);
  return [
    ...problems.map((problem): PolicyFile => ({ type: 'unreadable', problems: [problem] })),
    ...texts.map(readPolicyText),
  ];
}

/** The policy in a text that somebody else has read. */
export function readPolicyText({ file, text }: InputText): PolicyFile {
  if (new TextEncoder().encode(text).length > maxPolicyBytes) {
    return unreadable({ file, message: `larger than ${maxPolicyBytes} bytes, which is what a ConfigMap has room for` });
  }
  const { manifests, problems } = parseManifests(file, text);
  if (problems.length > 0) return unreadable(...problems.map((problem) => hintAtQuotes(problem, text)));
  const [manifest, ...others] = manifests;
  if (manifest === undefined || others.length > 0) {
    return unreadable({ file, message: `has to hold one document, found ${manifests.length}` });
  }
  // What is too much for the programs in a cluster is no policy here either.
  const parsed = parsePolicyText(text);
  if (!parsed.ok) return unreadable({ file, message: parsed.problem });
  const locate = (path: FieldPath) => manifest.locate(path);
  return { type: 'read', file, policy: readPolicy(manifest.value, rules), locate };
}

/** `[*]` and `*-prod` are aliases to YAML. */
function hintAtQuotes(problem: InputProblem, text: string): InputProblem {
  const line = text.split('\n')[(problem.line ?? 1) - 1] ?? '';
  if (!/[[\s,]\*/.test(line)) return problem;
  return { ...problem, message: `${problem.message} (a name that begins with * needs quotes: "*-prod")` };
}

function unreadable(...problems: readonly InputProblem[]): PolicyFile {
  return { type: 'unreadable', problems };
}

type Located = Pick<PolicyFile & { readonly type: 'read' }, 'file' | 'locate'>;

/** Where it stands, with what is wrong and what to do. */
export function placePolicyProblem({ file, locate }: Located, problem: PolicyProblem): Required<InputProblem> {
  return { file, ...locate(problem.path), message: renderPolicyProblem(problem) };
}
