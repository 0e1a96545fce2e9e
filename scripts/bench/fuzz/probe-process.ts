// Child process: probes one address after the other, with the heap of the reconciler, until it is told to stop. Tells what it
// has seen since the last message with each message.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { probeMcpServer } from '../../../webhooks/reconciler/verify/probe.ts';
import { wrongWith } from '../../../webhooks/reconciler/verify/testing/judge-verdict.ts';
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
  readonly longestDelayMs: number;
  readonly mostResidentBytes: number;
  readonly unexpected: number;
}

/** As many at a time as the verifier has places. */
const width = 48;
const timeoutMs = 1_500;
/** How many wrong verdicts are told. */
const maxWrongTold = 10;

const [port = ''] = process.argv.slice(2);
const states: Record<string, number> = {};
const wrong: string[] = [];
let wrongCount = 0;
let longestMs = 0;
let mostResidentBytes = 0;
let count = 0;
const delay = monitorEventLoopDelay({ resolution: 20 });
delay.enable();
catchUnexpected(silentLogger);

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
  const longestDelayMs = delay.max / 1e6;
  const unexpected = exception + rejection;
  sendToParent({
    states,
    wrong,
    wrongCount,
    longestMs,
    longestDelayMs,
    mostResidentBytes,
    unexpected,
  } satisfies Probed);
});
process.on('disconnect', () => {
  process.exit();
});
for (let index = 0; index < width; index += 1) void probeOn();
