// Child process: probes one address after the other, with the heap of the reconciler, until it is told to stop. Tells what it
// has seen since the last message with each message.
import { probeMcpServer } from '../../../webhooks/platform/mcp/probe.ts';
import { wrongWith } from '../../../webhooks/platform/mcp/testing/judge-verdict.ts';
import { silentLogger } from '../../../webhooks/platform/log.ts';
import { catchUnexpected, unexpectedErrors } from '../../../webhooks/platform/unexpected-errors.ts';
import { sendToParent } from '../admission/parent.ts';

/** What was seen since the process started. */
export interface Probed {
  readonly states: Readonly<Record<string, number>>;
  /** Verdicts that no verdict should be, the first of them. */
  readonly wrong: readonly string[];
  readonly wrongCount: number;
  readonly longestMs: number;
  /** CPU time between two ticks of a timer: that others use the machine does not count. */
  readonly longestTurnMs: number;
  readonly mostResidentBytes: number;
  readonly unexpected: number;
}

/** As many at a time as the verifier has places. */
const width = 48;
const timeoutMs = 1_500;
/** Between two looks at the CPU time, in milliseconds; a turn is told as longer by as much at most. */
const tickMs = 20;
/** How many wrong verdicts are told. */
const maxWrongTold = 10;

const [port = ''] = process.argv.slice(2);
const states: Record<string, number> = {};
const wrong: string[] = [];
let wrongCount = 0;
let longestMs = 0;
let mostResidentBytes = 0;
let count = 0;
let longestTurnMs = 0;
let usedMs = threadCpuMs();
setInterval(() => {
  const now = threadCpuMs();
  longestTurnMs = Math.max(longestTurnMs, now - usedMs);
  usedMs = now;
}, tickMs);
catchUnexpected(silentLogger);

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

async function probeOn(): Promise<void> {
  for (;;) {
    const url = `http://127.0.0.1:${port}/${count++}`;
    const startedAt = performance.now();
    const countsOffers = count % 2 === 0;
    const result = await probeMcpServer({ url, clientVersion: '1', countsOffers, timeoutMs, signal });
    const ms = performance.now() - startedAt;
    longestMs = Math.max(longestMs, ms);
    mostResidentBytes = Math.max(mostResidentBytes, process.memoryUsage.rss());
    states[result.state] = (states[result.state] ?? 0) + 1;
    const why = wrongWith(result);
    if (why === undefined) continue;
    wrongCount += 1;
    if (wrong.length < maxWrongTold) wrong.push(`probe ${url}: ${why}`);
  }
}

const { signal } = new AbortController();
process.on('message', () => {
  const { exception, rejection } = unexpectedErrors();
  const unexpected = exception + rejection;
  sendToParent({
    states,
    wrong,
    wrongCount,
    longestMs,
    longestTurnMs,
    mostResidentBytes,
    unexpected,
  } satisfies Probed);
});
process.on('disconnect', () => {
  process.exit();
});
for (let index = 0; index < width; index += 1) void probeOn();
