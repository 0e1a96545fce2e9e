import { printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { judgeStored, type JudgedStored } from './judge-stored.ts';
import { renderJudgedBy } from './judged-by.ts';
import { namesOf } from './names-of.ts';
import { policyTrySchemaVersion } from './schemas/policy-try.ts';
import { renderLeftOut } from './schemas/stored.ts';
import { toJson } from './outputs/to-json.ts';
import { storedOptions } from './stored-input.ts';
import { renderTallied, tally } from './tally.ts';

/** What `policy try --output` takes; the first is the default. */
const tryOutputs = {
  text: renderTallyText,
  json: renderTallyJson,
} as const satisfies Readonly<Record<string, (judged: JudgedStored) => string>>;

/** Says what a policy would do, before anybody enforces it. */
export const policyTry = defineCommand({
  synopsis: 'policy try [options] POLICY [PATH…]',
  description: `Says what a policy would do to these MCPServers if they were new: how many of each namespace each rule would refuse, warn about or
keep for the audit log. POLICY is a file, PATH as for check; with --context instead of a PATH those that a cluster has, with what it
knows of the objects that they name.
`,
  examples: ['policy try ci/policy.yaml --context staging'],
  options: {
    output: { type: 'choice', choices: namesOf(tryOutputs), short: 'o', help: 'for people, or for programs' },
    ...storedOptions,
  },
  exitCodes: { clean: 'printed, whatever the policy does' },
  judgeArguments: ([policy, path], { context }) => {
    if (policy === undefined || (path === undefined && context === '')) {
      return 'name a policy, and at least one file or folder, or -, or a cluster with --context; `report` judges by the policy that a cluster has';
    }
    return path === undefined || context === '' ? undefined : 'name files or a --context, not both';
  },
  run({ values, positionals: [policyFile = '', ...paths] }, terminal) {
    const render = tryOutputs[values.output];
    return judgeStored({ ...values, policyFile, paths }, terminal, render);
  },
});

function renderTallyText({ report, by }: JudgedStored): string {
  const found = tally(report);
  const { rows } = found;
  const table = [
    ['NAMESPACE', 'RULE', 'ACTION', 'SERVERS', 'POLICY'],
    ...rows.map(({ namespace, rule, action, servers: count, because }) => {
      return [namespace === '' ? '-' : namespace, rule, action, String(count), because ?? '-'].map(printable);
    }),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...(rows.length === 0 ? [] : lines), `${renderTallied(found)} (policy: ${renderJudgedBy(by)})`]
    .map((line) => `${line}\n`)
    .join('');
}

function renderTallyJson({ report, by, notes }: JudgedStored): string {
  return toJson({
    schemaVersion: policyTrySchemaVersion,
    policy: by,
    ...tally(report),
    ...renderLeftOut(report, notes),
  });
}
