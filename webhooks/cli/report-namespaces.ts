import { renderLine, renderSentence } from '../core/engine/render.ts';
import { printable } from '../core/engine/text.ts';
import { renderPath } from '../core/mcpserver/violation.ts';
import { policyOption } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { judgeStored } from './judge-stored.ts';
import { namesOf } from './names-of.ts';
import { renderNamespaceTable, toNamespaceRows } from './namespace-table.ts';
import { toJson } from './outputs/to-json.ts';
import { nameOf } from './outputs/told.ts';
import type { CheckReport } from './report.ts';
import { storedOptions } from './stored-input.ts';
import { renderTallied, tally } from './tally.ts';

interface NamespaceReport {
  readonly report: CheckReport;
  /** Empty: the profile that judges where no policy is. */
  readonly policyFile: string;
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
a PATH (as for check) files instead. Nothing is changed.
`,
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
    return judgeStored({ ...values, policyFile, paths }, terminal, (report) =>
      render({ report, policyFile, hasFindings }),
    );
  },
});

/** What judges without a policy; core/rules/built-in-policy.ts. */
const profile = 'restricted';

function renderNamespaces({ report, policyFile, hasFindings }: NamespaceReport): string {
  const findings = report.findings.map(({ server, finding }) => {
    return `${finding.severity} ${nameOf(server)}: ${renderLine(finding)}\n`;
  });
  const table = report.servers === 0 ? '' : renderNamespaceTable(toNamespaceRows(report));
  const by = policyFile === '' ? `${profile}, the built-in profile` : printable(policyFile);
  return `${hasFindings ? findings.join('') : ''}${table}${renderTallied(tally(report))} (policy: ${by})\n`;
}

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
const namespacesSchemaVersion = 'mcp-lifecycle.namespaces/v1';

function renderNamespacesJson({ report, policyFile, hasFindings }: NamespaceReport): string {
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
    policy: policyFile === '' ? { profile } : { file: policyFile },
    servers,
    refused,
    warned,
    namespaces: toNamespaceRows(report),
    ...(hasFindings ? { findings } : {}),
    notChecked: report.notChecked,
    rulesNotJudgedFor: report.rulesNotJudgedFor,
    problems: report.problems,
  });
}
