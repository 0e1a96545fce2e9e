import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { renderYaml } from '../platform/manifests/render-yaml.ts';
import { exitCodeOf } from './exit-code.ts';
import { gatherInput } from './gather.ts';
import { parseOptions } from './options.ts';
import { renderProblem, renderText } from './render-text.ts';
import { judgeInput, type JudgedManifest } from './report.ts';
import type { Terminal } from './terminal.ts';
import { refuseUsage, tellUsage } from './usage.ts';

export const renderUsage = `usage: mcp-lifecycle render [options] PATH…

Prints each MCPServer with every default, and the objects that it becomes. What depends on the cluster is left out:
owner references, the digest of referenced ConfigMaps and Secrets, the digest of what was applied. PATH as in check.

  --output yaml|json       (default yaml) documents, or one List
  --namespace NAME         of objects that name none (default default)

exit codes: 0 rendered, 1 refused (the findings are on standard error), 2 wrong usage or unreadable input, 3 a bug of ours
`;

/** Shows what the reconciler would build. A server that the cluster would refuse is not built. */
export async function runRender(args: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseOptions(
    args,
    {
      output: { type: 'string', short: 'o', default: 'yaml' },
      namespace: { type: 'string', short: 'n', default: 'default' },
    },
    { output: ['yaml', 'json'] },
  );
  if (parsed.ok && parsed.values['help'] === true) return tellUsage(renderUsage, terminal);
  if (!parsed.ok || parsed.positionals.length === 0) {
    const problem = parsed.ok ? 'name at least one file or folder' : parsed.problem;
    return refuseUsage(problem, renderUsage, terminal);
  }
  const { namespace, output } = parsed.values;
  const options = { paths: parsed.positionals, namespace: String(namespace), isJson: output === 'json' };
  return printRendered(options, terminal);
}

interface RenderOptions {
  readonly paths: readonly string[];
  readonly namespace: string;
  readonly isJson: boolean;
}

async function printRendered({ paths, namespace, isJson }: RenderOptions, terminal: Terminal): Promise<number> {
  const input = await gatherInput({ paths, namespace, readStdin: terminal.readStdin });
  const { problems, servers } = input;
  for (const problem of problems) terminal.writeError(`${renderProblem(problem)}\n`);
  if (servers.length === 0 && problems.length === 0) {
    terminal.writeError(`no MCPServer in ${paths.join(', ')}\n`);
    return exitCodeOf({ type: 'usage' });
  }
  const { judged, rulesNotJudgedFor } = judgeInput(input, namespace);
  const refused = judged.flatMap(({ located }) => located.filter(({ finding }) => finding.severity === 'deny'));
  if (refused.length > 0) {
    const report = {
      servers: servers.length,
      others: 0,
      findings: refused,
      notChecked: [],
      rulesNotJudged: [],
      rulesNotJudgedFor,
      problems,
    };
    terminal.writeError(renderText(report, false));
  }
  const objects = judged.flatMap(expand);
  terminal.writeOut(isJson ? renderList(objects) : renderYaml(objects));
  return exitCodeOf({
    type: 'done',
    severities: refused.map(({ finding }) => finding.severity),
    failOn: 'deny',
    isIncomplete: problems.length > 0,
  });
}

/** One JSON document that kubectl takes, as `kubectl get --output json` prints several objects. */
function renderList(items: readonly unknown[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`;
}

function expand({ server, findings }: JudgedManifest): readonly unknown[] {
  if (server === undefined || findings.some(({ severity }) => severity === 'deny')) return [];
  return [server, ...buildChildren(server)];
}

/** In the order of the kinds, those that are wanted. */
export function buildChildren(server: MCPServer): readonly unknown[] {
  return expandedKinds.flatMap((kind) => kind.build({ server }) ?? []);
}
