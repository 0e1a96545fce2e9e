import { generatedMarkdownHeader, type Generator } from './generator.ts';
import { readLogLines, type LogLine } from './log-lines.ts';
import { repositoryRoot } from './root.ts';

/** docs/reference/logs.md: every line that a container may write, out of the calls in the source. */
export const logsPage: Generator = {
  name: 'logs page',
  generate() {
    const lines = readLogLines(repositoryRoot);
    const content = `${generatedMarkdownHeader('scripts/generate/logs-page.ts and the log calls of webhooks')}
# Logs

The webhook, the reconciler and the bridge write one JSON object a line to standard output. Each has these fields, and those of its line:

| Field | Meaning |
| --- | --- |
| \`time\` | when, RFC 3339 in UTC |
| \`level\` | \`debug\`, \`info\`, \`warn\` or \`error\`; what is below \`logLevel\` is left out ([more in the log](../guides/troubleshooting.md#more-in-the-log)) |
| \`message\` | one of those below; what varies is in fields |

A text is cut at 4,000 characters, and what a terminal would obey is escaped. No line has the body of a request, an environment, an annotation, or a value of a ConfigMap or Secret.
Messages may be worded anew in a release; fields keep their names. The shim of servers for stdio and the command line write plain text.

${renderLines('Container webhook', lines, /^webhooks\/admission\//)}

${renderLines('Container reconciler', lines, /^webhooks\/reconciler\//)}

${renderLines('Container mcp-bridge', lines, /^webhooks\/bridge\//)}

${renderLines('Any of them', lines, /^webhooks\/(?!admission|reconciler|bridge)/)}

## Fields

${renderFields(lines)}
`;
    return Promise.resolve([{ path: 'docs/reference/logs.md', content }]);
  },
};

function renderLines(title: string, all: readonly LogLine[], where: RegExp): string {
  const rows = all
    .filter(({ file }) => where.test(file))
    .map(({ levels, message, fields }) => `| ${levels.join(', ')} | ${message} | ${list(fields)} |`)
    .sort();
  return [`## ${title}`, '', '| Level | Message | Fields |', '| --- | --- | --- |', ...new Set(rows)].join('\n');
}

function renderFields(lines: readonly LogLine[]): string {
  const used = new Set(lines.flatMap(({ fields }) => fields));
  const without = [...used].filter((field) => !Object.hasOwn(fieldWords, field));
  if (without.length > 0)
    throw new Error(`say in scripts/generate/logs-page.ts what fields hold: ${without.join(', ')}`);
  const stale = Object.keys(fieldWords).filter((field) => !used.has(field));
  if (stale.length > 0)
    throw new Error(`no log line has these fields of scripts/generate/logs-page.ts: ${stale.join(', ')}`);
  const rows = Object.entries(fieldWords).map(([field, words]) => `| \`${field}\` | ${words} |`);
  return ['| Field | Meaning |', '| --- | --- |', ...rows.sort()].join('\n');
}

/** The same name for the same thing in every line. */
const fieldWords: Readonly<Record<string, string>> = {
  apiVersion: 'of a kind: `monitoring.coreos.com/v1`',
  before: 'the log level until then',
  bytes: 'length of a line that was dropped',
  change: 'what somebody else did: `ca-bundle`, `deleted`',
  child: 'the session, or sessions, that a process of the server is for',
  configMap: 'name of a ConfigMap in our namespace',
  count: 'how many there are',
  digest: 'of the policy that judges',
  dropped: 'events that were not written',
  dryRun: 'whether the request was to change nothing',
  era: 'which MCP the server speaks',
  error: 'what went wrong, with its causes',
  exitCode: 'with which a container is ended',
  failures: 'how often in a row',
  fix: 'what to do',
  health: 'port that is listened on',
  holder: 'identity of the replica that holds the Lease',
  identity: 'ours in the Lease',
  in: 'kinds of the webhook configurations',
  judges: 'which policy judges instead',
  key: '`namespace/name` of an MCPServer, or of an object of a kind that becomes MCPServers',
  kind: 'of an object',
  level: 'the log level from then on',
  metrics: 'port that is listened on',
  name: 'of an object',
  namespace: 'of the MCPServer',
  object: '`namespace/name` of an object that is watched',
  operation: 'of the request: `CREATE`, `UPDATE`',
  origin: '`exception` or `rejection`',
  outcome: 'of the trial: `Enforced`, `NotEnforced`, `Unknown`',
  parts: 'of the policy that have no effect',
  path: 'of a request for health or metrics',
  problem: 'what is wrong with what was read',
  queued: 'servers that wait to be reconciled',
  reason: 'of a connection that was refused',
  requestUid: '`uid` of the admission request, as in the audit log of the API server',
  retryInMs: 'when it is tried again, in milliseconds',
  revision: 'of the rules, which a release makes stricter',
  rules: 'ids of the rules that refused it, with commas between them',
  secret: 'name of the Secret with our certificate',
  server: 'name of the MCPServer, beside `namespace`',
  signal: 'by which the process was told to end',
  stack: 'where in our code',
  state: 'what was found out',
  step: 'of keeping certificates',
  tools: 'that the server lists',
  untold: 'errors of this kind that were left out before',
  use: 'what may be written there',
  user: 'name of who asked, its first 200 characters',
  validTo: 'end of the certificate',
  version: 'of ours, or of the protocol',
  watch: 'plural of the kind, as in the [metric](metrics.md)',
  webhook: 'which of ours: `mutate`, `validate`, …; while listening its port',
  why: 'the cause, in a clause',
};

function list(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(', ');
}
