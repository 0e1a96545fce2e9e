import { printable } from '../core/engine/text.ts';
import { RETRY_ANNOTATION } from '../core/mcpserver/names.ts';
import { systemClock } from '../platform/clock.ts';
import { metaOf } from '../platform/kube/object.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { nameOf } from './outputs/told.ts';
import { judgeOneName, onServer, serverOptions, serverPath } from './rollout-server.ts';
import type { NamedServer } from './rollout-server.ts';
import { viewRollout } from './rollout-view.ts';
import type { RolloutView } from './rollout-view.ts';

/** Asks for another try of a version that failed. */
export const rolloutRetry = defineCommand({
  synopsis: 'rollout retry [options] NAME',
  description: `Asks for another try of what has failed, when the cause was not the version: a registry that did not answer, a database that was away. It sets the
annotation ${RETRY_ANNOTATION} of the MCPServer to the time of now; the spec stays as it is, and what serves goes on serving. Nothing is set where nothing has failed.
It takes the rights to get and to patch mcpservers.mcp.x-k8s.io.
`,
  examples: ['rollout retry -n tools search'],
  options: serverOptions,
  exitCodes: { clean: 'another try is asked for', found: 'there is nothing to try again' },
  judgeArguments: judgeOneName,
  run: onServer(async (found, terminal, { context }) => {
    const view = viewRollout(found.server);
    const { retriable } = view;
    if (retriable === undefined || view.isRetryAsked) {
      terminal.writeError(`${nameOf(found)}: ${whyNothing(view, contextOption(context))}\n`);
      return exitCodes.found;
    }
    const refused = await askForAnother(found, metaOf(found.server).uid);
    if (refused !== undefined) {
      terminal.writeError(`${nameOf(found)} cannot be annotated: ${printable(refused)}\n`);
      return exitCodes.unusable;
    }
    const what = `${retriable.template.slice(0, 8)} (${retriable.reason})`;
    const next = `rollout status --watch ${contextOption(context)}-n ${found.namespace} ${found.name}`;
    terminal.writeOut(
      `${nameOf(found)}: another try of ${what} is asked for: mcp-lifecycle ${next} tells what comes of it\n`,
    );
    return exitCodes.clean;
  }),
});

function contextOption(context: string): string {
  return context === '' ? '' : `--context ${printable(context)} `;
}

/** Why there is nothing to try again. */
function whyNothing(view: RolloutView, ofContext: string): string {
  const { failed, isRetryAsked, outcome, phase, generation, message } = view;
  if (isRetryAsked) return 'another try is asked for already';
  if (failed.length === 0 && outcome === 'Stuck') {
    const why = message === '' ? '' : `: ${message}`;
    if (phase === 'NotReady') {
      const { namespace, name } = view;
      const restart = `kubectl rollout restart ${ofContext}-n ${namespace} deployment/${name}`;
      return printable(`nothing to try again: no other version is on its way. ${restart} starts its pods anew${why}`);
    }
    return printable(`nothing to try again: it is ${phase}, and goes on by itself when the cause is mended${why}`);
  }
  if (failed.length === 0) return `nothing of it has failed: it is ${printable(phase)}`;
  return `its newest version, generation ${generation}, has nothing to try again: it is ${printable(phase)}`;
}

/** Why it cannot be. Of that server only: another one of its name has failed of nothing. */
async function askForAnother(named: NamedServer, uid: string): Promise<string | undefined> {
  const annotations = { [RETRY_ANNOTATION]: systemClock.now().toISOString() };
  const asked = await named.api.request({
    method: 'PATCH',
    path: serverPath(named),
    query: { fieldManager: 'mcp-lifecycle-cli' },
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, annotations } },
  });
  return asked.ok ? undefined : asked.error.message;
}
