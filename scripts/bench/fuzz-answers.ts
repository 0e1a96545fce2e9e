import fc from 'fast-check';
import { anyAnswer } from '../../webhooks/platform/mcp/testing/any-answer.ts';
import type { AnyAnswer } from '../../webhooks/platform/mcp/testing/any-answer.ts';
import { startAnyServer } from '../../webhooks/platform/mcp/testing/any-server.ts';
import { startChild } from './admission/child.ts';
import { reconcilerFlags } from './admission/webhook-flags.ts';
import type { Probed } from './fuzz/probe-process.ts';
import type { Measurement } from './measurement.ts';

const minutes = 5;
/** Answers that are made at a time. */
const batch = 200;
/** Longest pause within an answer, in milliseconds: four of them may take longer than a probe. */
const slowMs = 500;
/** A probe has 1.5 s, the looks that follow it two, and a busy machine needs some more. */
const longestMs = 10_000;

const bars = {
  verdicts: { what: 'Answers of servers that ended in no verdict, or in one that cannot be kept', bar: '0' },
  ends: { what: 'Times that the process ended, errors that nobody caught', bar: '0' },
  time: { what: 'The longest probe (1.5 s, and looks at what failed)', bar: `< ${longestMs / 1_000} s` },
  turn: { what: 'The longest turn of the event loop, in CPU time', bar: '< 1 s' },
};

/** Any answers, seed after seed. */
function createAnswers(): () => AnyAnswer {
  let seed = 0;
  let made: AnyAnswer[] = [];
  return () => {
    if (made.length === 0) {
      seed += 1;
      made = fc.sample(anyAnswer(slowMs), { seed, numRuns: batch });
    }
    const next = made.pop();
    if (next === undefined) throw new Error('fast-check made no answer');
    return next;
  };
}

export const fuzzAnswers: Measurement = {
  name: 'fuzz-answers',
  method:
    'The probe, in a process with the heap and the flags of the reconciler, asks 48 servers at a time, each second one with its ' +
    `lists, for ${minutes} minutes; each message gets any answer: JSON, events or neither, in any framing, encoding, ` +
    'chunking and size, with ids, headers and statuses of all kinds, slowly, broken off, in any bytes (seeds from 1 on).',
  minutes,
  bars: Object.values(bars),
  async run(progress) {
    const server = await startAnyServer(createAnswers());
    const child = startChild('../fuzz/probe-process.ts', {
      args: [String(server.port)],
      cpu: 0,
      flags: reconcilerFlags,
    });
    try {
      const endsAt = performance.now() + minutes * 60_000;
      let seen: Probed | undefined;
      while (performance.now() < endsAt) {
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        // Rejects when the process has ended.
        seen = (await child.ask({})) as Probed;
        progress(`${server.answered()} answers, verdicts: ${JSON.stringify(seen.states)}`);
      }
      return seen === undefined ? [] : figuresOf(seen, server.answered(), progress);
    } finally {
      await child.stop();
      await server.close();
    }
  },
};

function figuresOf(
  seen: Probed,
  answered: number,
  progress: (line: string) => void,
): Awaited<ReturnType<Measurement['run']>> {
  for (const line of seen.wrong) progress(line);
  const probes = Object.values(seen.states).reduce((sum, count) => sum + count, 0);
  const states = Object.entries(seen.states).map(([state, count]) => `${count} ${state}`);
  const resident = `${Math.round(seen.mostResidentBytes / 1024 / 1024)} MB resident at most, with the sources of Node's type stripping`;
  return [
    {
      ...bars.verdicts,
      measured: String(seen.wrongCount),
      isMet: seen.wrongCount === 0,
      remark: `${answered} answers, ${probes} probes: ${states.join(', ')}`,
    },
    { ...bars.ends, measured: String(seen.unexpected), isMet: seen.unexpected === 0, remark: resident },
    { ...bars.time, measured: `${(seen.longestMs / 1_000).toFixed(1)} s`, isMet: seen.longestMs < longestMs },
    { ...bars.turn, measured: `${(seen.longestTurnMs / 1_000).toFixed(2)} s`, isMet: seen.longestTurnMs < 1_000 },
  ];
}
