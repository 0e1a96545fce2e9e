import { applyDefaults } from '../core/defaults/apply.ts';
import type { Policy } from '../core/engine/policy.ts';
import { shortenMiddle, printable } from '../core/engine/text.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import type { InputProblem, Manifest, Position } from '../platform/manifests/manifest.ts';
import { changesBetween, type Change } from './changes.ts';
import { choosePolicy, policyOption, renderProblems } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { gatherInput } from './gather.ts';
import { identityOf } from './identity.ts';
import { completeMetadata } from './judge-manifest.ts';
import { gatherRendered, inputOptions, judgeInputNames, nameInput } from './input-options.ts';
import { namesOf } from './names-of.ts';
import { namespaceOption } from './namespace-option.ts';
import { renderProblem } from './outputs/text.ts';
import { toJson } from './outputs/to-json.ts';
import { count, nameOf } from './outputs/told.ts';
import { diffSchemaVersion } from './schemas/diff.ts';
import { toStoredServer } from './stored-server.ts';

/** What `diff --output` takes; the first is the default. */
const diffOutputs = {
  text: renderChanges,
  json: renderChangesJson,
} as const satisfies Readonly<Record<string, (difference: Difference) => string>>;

/** Shows what becomes of a manifest before anybody looks at it. */
export const diff = defineCommand({
  synopsis: 'diff [options] PATH…',
  description: `Shows which fields differ between MCPServer manifests and what a cluster makes of them: + and the value of a field that
gets a default, - for one that is dropped, "when it runs" for a default that is not stored with the object. PATH as in check.
`,
  examples: ['diff deploy/search.yaml'],
  options: {
    output: { type: 'choice', choices: namesOf(diffOutputs), short: 'o', help: 'for people, or for programs' },
    ...inputOptions,
    namespace: namespaceOption,
    policy: policyOption,
  },
  exitCodes: { clean: 'nothing differs', found: 'something differs' },
  judgeArguments: judgeInputNames,
  async run({ values, positionals: paths }, { readStdin, writeOut, writeError, env }) {
    const { namespace } = values;
    const chosen = await choosePolicy(values.policy, readStdin);
    if (chosen.type === 'refused') {
      writeError(renderProblems(chosen.problems));
      return exitCodes.unusable;
    }
    writeError(renderProblems(chosen.ignored));
    const rendered = await gatherRendered(values, { namespace, env });
    const input = await gatherInput({ paths, namespace, readStdin, rendered });
    const found = input.servers.map((manifest) => differ(manifest, namespace, chosen.policy));
    const problems = [...input.problems, ...found.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))];
    const changes = found.flatMap((one) => one.changes);
    for (const problem of problems) writeError(`${renderProblem(problem)}\n`);
    if (found.length === 0 && problems.length === 0) {
      writeError(`no MCPServer in ${nameInput(paths, values)}\n`);
      return exitCodes.unusable;
    }
    writeOut(diffOutputs[values.output]({ servers: found.length, changes, problems }));
    if (problems.length > 0) return exitCodes.unusable;
    return changes.length > 0 ? exitCodes.found : exitCodes.clean;
  },
});

interface Difference {
  readonly servers: number;
  readonly changes: readonly LocatedChange[];
  readonly problems: readonly InputProblem[];
}

interface LocatedChange extends Position {
  readonly file: string;
  readonly server: { readonly namespace: string; readonly name: string };
  readonly change: Change;
  /** Whether the API server and admission make it, so that it is in the stored object. */
  readonly isStored: boolean;
}

interface Differing {
  readonly changes: readonly LocatedChange[];
  readonly problem?: InputProblem;
}

function differ(manifest: Manifest, namespace: string, { compatibility }: Pick<Policy, 'compatibility'>): Differing {
  const { file, value, locate } = manifest;
  const stored = toStoredServer(value, namespace, compatibility);
  if (stored === undefined) {
    const message = 'the schema refuses this MCPServer, so that nothing becomes of it: mcp-lifecycle check says why';
    return { changes: [], problem: { file, ...locate([]), message } };
  }
  const { namespace: of, name } = identityOf(value, namespace);
  const toLocated =
    (isStored: boolean) =>
    (change: Change): LocatedChange => ({
      file,
      ...locate(change.path),
      server: { namespace: of, name },
      change,
      isStored,
    });
  return {
    changes: [
      ...changesBetween(completeMetadata(value, namespace), stored).map(toLocated(true)),
      ...changesBetween(stored, applyDefaults(stored, compatibility)).map(toLocated(false)),
    ],
  };
}

/** Longest value that is shown, in characters. */
const maxValueLength = 200;

function renderChanges({ servers, changes }: Difference): string {
  const lines = changes.map(({ file, line, column, server, change, isStored }) => {
    const path = printable(renderPath(change.path));
    const place = `${printable(file)}:${line}:${column}: ${nameOf(server)}:`;
    if (change.type === 'removed') return `${place} - ${path}`;
    const value = shortenMiddle(printable(JSON.stringify(change.value)), maxValueLength);
    return `${place} + ${path}: ${value}${isStored ? '' : ' (when it runs)'}`;
  });
  const fields = `${count(changes.length, 'field')} ${changes.length === 1 ? 'differs' : 'differ'}`;
  return `${[...lines, `${count(servers, 'MCPServer')} compared: ${fields}`].join('\n')}\n`;
}

function renderChangesJson({ servers, changes, problems }: Difference): string {
  const document = {
    schemaVersion: diffSchemaVersion,
    servers,
    changes: changes.map(({ change, isStored, ...place }) => ({
      ...place,
      ...change,
      path: renderPath(change.path),
      stored: isStored,
    })),
    problems,
  };
  return toJson(document);
}
