import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from './admission/child.ts';
import { installImage } from './stand-in/reconciler.ts';
import { startStandInApi } from './stand-in/stand-in-api.ts';
import type { Figure, Measurement } from './measurement.ts';
import type { StuckOrder, StuckReport } from './stuck/senders-process.ts';
import { putWhatItNeeds, startWebhook, webhookPort, type RunningWebhook } from './stuck/webhook.ts';

/** As many connections as there may be at the same time: 256 unproven ones and 128 proven ones. */
const stuck = 384;
const whole = 16;
const rounds = 3;
const order: StuckOrder = { port: webhookPort, stuck, proven: 128, sent: 100_000, whole, seconds: 20 };

const limitMiB = 96;

const bars = {
  memory: {
    what: `Most anonymous memory of the webhook: ${stuck} senders that are stuck, and ${whole} bodies of 7 MiB at a time`,
    bar: `< ${limitMiB} MiB, the limit`,
  },
  ends: { what: 'Times that the process ended', bar: '0' },
  mistaken: { what: 'Whole bodies that were taken for something else', bar: '0' },
};

export const stuckSenders: Measurement = {
  name: 'stuck-senders',
  method:
    `The webhook (the bundle, with the flags of image and chart) with an API server that stands in for a cluster. ${stuck} ` +
    `senders announce 7 MiB, send ${order.sent} bytes and stop, ${order.proven} of them after an AdmissionReview, and come ` +
    `again when they are turned away; beside them ${whole} send whole bodies of 7 MiB. The largest anonymous memory, read ` +
    `fifty times a second for ${order.seconds} s; the worst of ${rounds} fresh processes.`,
  minutes: 2,
  bars: Object.values(bars),
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-bench-'));
    const senders = startChild('../stuck/senders-process.ts', { cpu: 1 });
    const api = await startStandInApi();
    try {
      // The process says that it is there.
      await senders.receive();
      await installImage(folder, api.url);
      putWhatItNeeds(api.objects);
      const seen: Seen[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const one = await measureOne(await startWebhook(folder), senders);
        progress(`${toMiB(one.memoryBytes)}; ${describe(one.answers)}`);
        seen.push(one);
      }
      return toFigures(seen);
    } finally {
      await senders.stop();
      await api.close();
      await rm(folder, { recursive: true });
    }
  },
};

interface Seen {
  readonly memoryBytes: number;
  readonly ends: number;
  readonly answers: StuckReport;
}

async function measureOne(webhook: RunningWebhook, senders: Child): Promise<Seen> {
  try {
    // The senders answer with nothing else.
    const answers = (await senders.ask(order)) as StuckReport;
    return { memoryBytes: webhook.mostMemoryBytes(), ends: webhook.ends(), answers };
  } finally {
    await webhook.stop();
  }
}

function toFigures(seen: readonly Seen[]): readonly Figure[] {
  const most = Math.max(...seen.map(({ memoryBytes }) => memoryBytes));
  const ends = seen.reduce((sum, one) => sum + one.ends, 0);
  // Judged, or turned away for load; the connection of one may also be the oldest of too many.
  const expected = new Set(['200', '408', '503', 'broken']);
  const odd = seen.flatMap(({ answers }) => Object.entries(answers).filter(([status]) => !expected.has(status)));
  return [
    {
      ...bars.memory,
      measured: toMiB(most),
      isMet: most < limitMiB * 1024 * 1024,
      remark: seen.map(({ memoryBytes, answers }) => `${toMiB(memoryBytes)}: ${describe(answers)}`).join('; '),
    },
    { ...bars.ends, measured: String(ends), isMet: ends === 0 },
    {
      ...bars.mistaken,
      measured: odd.map(([status, count]) => `${count} × ${status}`).join(', ') || '0',
      isMet: odd.length === 0,
    },
  ];
}

function describe(answers: StuckReport): string {
  return Object.entries(answers)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
}

function toMiB(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
