import { printable, shortenMiddle } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { toJson } from './outputs/to-json.ts';
import { nameOf } from './outputs/told.ts';
import { readRevisions } from './rollout-revisions.ts';
import type { Revision } from './rollout-revisions.ts';
import { judgeOneName, onServer, serverOptions } from './rollout-server.ts';
import type { ServerValues } from './rollout-server.ts';
import { viewRollout } from './rollout-view.ts';
import type { FailedAttempt } from './rollout-view.ts';
import { rolloutHistorySchemaVersion } from './schemas/rollout-history.ts';
import { renderTable } from './text-table.ts';

interface History {
  readonly namespace: string;
  readonly name: string;
  /** The newest first. */
  readonly revisions: readonly Revision[];
  readonly failed: readonly FailedAttempt[];
}

/** What `rollout history --output` takes; the first is the default. */
const outputs = {
  text: renderHistory,
  json: renderHistoryJson,
} as const satisfies Readonly<Record<string, (history: History) => string>>;

/** What has served, and what was tried. */
export const rolloutHistory = defineCommand({
  synopsis: 'rollout history [options] NAME',
  description: `Lists the versions of an MCPServer that have served, as far back as its Deployment keeps their ReplicaSets (ten; the newest 100 where it keeps more), and what was tried since and failed. It
takes the rights to get mcpservers.mcp.x-k8s.io and to list replicasets.apps.
`,
  examples: ['rollout history -n tools search'],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or for programs' },
    ...serverOptions,
  },
  exitCodes: { clean: 'printed' },
  judgeArguments: judgeOneName,
  run: onServer(async (found, terminal, values: ServerValues & { readonly output: keyof typeof outputs }) => {
    const kept = await readRevisions(found);
    if (kept.type === 'failed') {
      const what = `ReplicaSets of ${nameOf(found)} cannot be listed`;
      terminal.writeError(`${what}: ${printable(kept.error.message)}\n`);
      return exitCodes.unusable;
    }
    const { failed } = viewRollout(found.server);
    terminal.writeOut(outputs[values.output]({ ...found, revisions: kept.revisions, failed }));
    return exitCodes.clean;
  }),
});

/** Longest image that is shown whole, in characters. */
const maxImageLength = 80;
const unknown = '-';

function renderHistory({ revisions, failed }: History): string {
  const served = revisions.map(({ revision, template, image, created, pods, readyPods }) => [
    String(revision),
    short(template),
    image === undefined ? unknown : shortenMiddle(printable(image), maxImageLength),
    created,
    `${readyPods}/${pods}`,
  ]);
  const tried = failed.map(({ template, at, reason, message }) => [short(template), at, reason, message]);
  const tables = [
    ...(served.length === 0 ? ['no version has run\n'] : [renderTable([heads.served, ...served])]),
    ...(tried.length === 0 ? [] : [renderTable([heads.tried, ...tried])]),
  ];
  return tables.join('\n');
}

const heads = {
  served: ['REVISION', 'TEMPLATE', 'IMAGE', 'SINCE', 'READY'],
  tried: ['FAILED', 'AT', 'REASON', 'MESSAGE'],
} as const;

/** Enough of a digest for people to tell it from the others. */
function short(template: string | undefined): string {
  return template === undefined || template === '' ? unknown : printable(template.slice(0, 8));
}

function renderHistoryJson({ namespace, name, revisions, failed }: History): string {
  return toJson({ schemaVersion: rolloutHistorySchemaVersion, namespace, name, revisions, failed });
}
