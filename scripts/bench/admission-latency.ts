import { setTimeout as sleep } from 'node:timers/promises';
import { growth, quantile, readApiMetrics, type Metric } from './cluster/api-metrics.ts';
import { inNamespace, openStage } from './cluster/stage.ts';
import { countFailures, startSteadyLoad } from './cluster/steady-load.ts';
import type { Bar, Figure, Measurement } from './measurement.ts';

const perSecond = 100;
const seconds = 60;
const barMs = 10;
const histogram = 'apiserver_admission_webhook_admission_duration_seconds_bucket';

const verbs = ['validate', 'mutate'];

function barOf(verb: string): Bar {
  return {
    what: `Admission latency at ${perSecond} creates/s, ${verb}, p99 seen by the API server`,
    bar: `< ${barMs} ms`,
  };
}

export const admissionLatency: Measurement = {
  name: 'admission-latency',
  method:
    `${perSecond} creates a second (server dry runs) for ${seconds} s through a real API server on the same machine; ` +
    'the 99th percentile of its own histogram apiserver_admission_webhook_admission_duration_seconds for each webhook.',
  minutes: 3,
  bars: verbs.map(barOf),
  async run(progress) {
    const stage = await openStage(progress);
    return inNamespace(stage, 'bench-latency', async () => {
      const warmUp = startSteadyLoad(stage.api, { namespace: 'bench-latency', perSecond });
      await sleep(5000);
      await warmUp.stop();
      const before = await readApiMetrics(stage, histogram);
      const load = startSteadyLoad(stage.api, { namespace: 'bench-latency', perSecond });
      await sleep(seconds * 1000);
      const count = await load.stop();
      const grown = growth(before, await readApiMetrics(stage, histogram));
      const remark = `${count.sent} creates, ${countFailures(count)} failed`;
      return verbs.map((verb) => toFigure(verb, grown, remark));
    });
  },
};

function toFigure(verb: string, grown: readonly Metric[], remark: string): Figure {
  const ours = grown.filter(({ labels }) => labels['name'] === `${verb}.mcpservers.mcp.x-k8s.io`);
  const ms = quantile(ours, 0.99) * 1000;
  return {
    ...barOf(verb),
    measured: `${ms.toFixed(1)} ms`,
    isMet: ms < barMs,
    remark,
  };
}
