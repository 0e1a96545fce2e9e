import { renderLine, renderSentence } from '../core/engine/render.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { policyOption } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { judgeStored, type JudgedStored } from './judge-stored.ts';
import { renderJudgedBy } from './judged-by.ts';
import { namesOf } from './names-of.ts';
import { renderNamespaceTable, toNamespaceRows } from './namespace-table.ts';
import { namespacesSchemaVersion } from './schemas/namespaces.ts';
import { renderLeftOut } from './schemas/stored.ts';
import { toJson } from './outputs/to-json.ts';
import { nameOf } from './outputs/told.ts';
import { storedOptions } from './stored-input.ts';
import { renderTallied, tally } from './tally.ts';

interface NamespaceReport extends JudgedStored {
  readonly hasFindings: boolean;
}

/** What `report --output` takes; the first is the default. */
const namespaceOutputs = {
  text: renderNamespaces,
  json: renderNamespacesJson,
} as const satisfies Readonly<Record<string, (report: NamespaceReport) => string>>;

/** What runs already, namespace by namespace. */
export const reportNamespaces = defineCommand({
  synopsis: 'report [options] [PATH…]',
  description: `Says what rules find in the MCPServers that a cluster has, as if they were new: a table of namespaces and rules, with in how many
servers each would refuse, warn or keep something for the audit log. Without --context the current one of the kubeconfig is read; with
a PATH (as for check) files instead. The policy in force in the cluster judges, where it may be read, unless --policy names another.
Nothing is changed.
`,
  examples: ['report --context staging --findings'],
  options: {
    output: { type: 'choice', choices: namesOf(namespaceOutputs), short: 'o', help: 'for people, or for programs' },
    findings: { type: 'flag', help: 'each finding, too' },
    policy: policyOption,
    ...storedOptions,
  },
  exitCodes: { clean: 'printed, whatever was found' },
  judgeArguments: (paths, { context }) =>
    paths.length === 0 || context === '' ? undefined : 'name files or a --context, not both',
  run({ values, positionals: paths }, terminal) {
    const { output, policy: policyFile, findings: hasFindings } = values;
    const render = namespaceOutputs[output];
    return judgeStored({ ...values, policyFile, paths }, terminal, (judged) => render({ ...judged, hasFindings }));
  },
});

function renderNamespaces({ report, by, hasFindings }: NamespaceReport): string {
  const findings = report.findings.map(({ server, finding }) => {
    return `${finding.severity} ${nameOf(server)}: ${renderLine(finding)}\n`;
  });
  const table = report.servers === 0 ? '' : renderNamespaceTable(toNamespaceRows(report));
  return `${hasFindings ? findings.join('') : ''}${table}${renderTallied(tally(report))} (policy: ${renderJudgedBy(by)})\n`;
}

function renderNamespacesJson({ report, by, notes, hasFindings }: NamespaceReport): string {
  const { servers, refused, warned } = tally(report);
  const findings = report.findings.map(({ server: { namespace, name }, finding }) => ({
    namespace,
    name,
    rule: finding.ruleId,
    action: finding.severity,
    path: renderPath(finding.path),
    message: renderSentence(finding),
  }));
  return toJson({
    schemaVersion: namespacesSchemaVersion,
    policy: by,
    servers,
    refused,
    warned,
    namespaces: toNamespaceRows(report),
    ...(hasFindings ? { findings } : {}),
    ...renderLeftOut(report, notes),
  });
}
