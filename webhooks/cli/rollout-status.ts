import { printable } from '../core/engine/text.ts';
import { systemClock } from '../platform/clock.ts';
import { awaitRollout } from './await-rollout.ts';
import type { Awaited } from './await-rollout.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { toJson } from './outputs/to-json.ts';
import { connectToServer, judgeOneName, readServer, serverOptions, tellUnreadServer } from './rollout-server.ts';
import type { RolloutView } from './rollout-view.ts';
import { rolloutStatusSchemaVersion } from './schemas/rollout-status.ts';
import { judgeSeconds } from './seconds.ts';

/** How long --watch waits, in seconds: a candidate has five minutes by default, and so has the rollout of a place. */
const standardTimeout = 600;
/** A day: longer waits are a mistake of units. */
const longestTimeout = 86_400;

/** What `rollout status --output` takes; the first is the default. */
const outputs = {
  /** Each news is told when it is there. */
  text: () => '',
  json: renderStatusJson,
} as const satisfies Readonly<Record<string, (view: RolloutView) => string>>;

/** Where a new version is, and whether a pipeline may go on. */
export const rolloutStatus = defineCommand({
  synopsis: 'rollout status [options] NAME',
  description: `Says where the newest version of an MCPServer is: proven, rolled out, rejected, put back, waiting. With --watch it says each news, and waits
until the newest version serves and is verified, or has failed for good; what is stuck (no room in a quota, a ConfigMap that is missing) is waited
for until the time is up. It takes the right to get mcpservers.mcp.x-k8s.io.
`,
  examples: ['rollout status -n tools --watch --timeout 600 search'],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or for programs' },
    watch: { type: 'flag', short: 'w', help: 'wait until the newest version serves, or has failed' },
    timeout: {
      type: 'text',
      placeholder: 'SECONDS',
      default: '',
      help: `how long to wait; waits without --watch, too (default ${standardTimeout})`,
    },
    ...serverOptions,
  },
  exitCodes: { clean: 'the newest version serves', found: 'it does not, or not in time' },
  judgeArguments: (names, { timeout }) =>
    judgeOneName(names) ?? (timeout === '' ? undefined : judgeSeconds(timeout, longestTimeout)),
  async run({ values, positionals: [name = ''] }, terminal) {
    const named = await connectToServer(name, values, terminal);
    if (named === undefined) return exitCodes.unusable;
    const { output, watch, timeout } = values;
    const seconds = timeout === '' ? standardTimeout : Number(timeout);
    const timeoutMs = watch || timeout !== '' ? seconds * 1_000 : 0;
    const tell = (line: string): void => {
      // A program reads standard output: what is told on the way is for people.
      if (output === 'text') terminal.writeOut(`${printable(line)}\n`);
    };
    const awaited = await awaitRollout({ read: () => readServer(named), clock: systemClock, timeoutMs, tell });
    if (awaited.type === 'failed') {
      tellUnreadServer(named, awaited.error, terminal);
      return exitCodes.unusable;
    }
    terminal.writeOut(outputs[output](awaited.view));
    if (awaited.isLate && timeoutMs > 0) terminal.writeError(`not within ${seconds} s\n`);
    return exitCodeOfRollout(awaited);
  },
});

/** A pipeline goes on when the newest version serves, and else does not. */
function exitCodeOfRollout({ view }: Awaited & { readonly type: 'seen' }): ExitCode {
  return view.outcome === 'Complete' ? exitCodes.clean : exitCodes.found;
}

function renderStatusJson(view: RolloutView): string {
  const { namespace, name, generation, outcome, phase, reason, message, since, serves, failed } = view;
  return toJson({
    schemaVersion: rolloutStatusSchemaVersion,
    ...{ namespace, name, generation, outcome, phase, reason, message, since, serves, failed },
  });
}
