import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { expandedKinds as withTrials } from './many-kinds/kinds.ts';
import { measureKinds, megabytes, withTrialKinds, type SeenOfKinds } from './many-kinds/measure.ts';
import type { Figure, Measurement } from './measurement.ts';

const servers = 1000;

const bars = {
  fresh: {
    what: `Anonymous memory of the reconciler: ${servers} servers, each with a child of 8 kinds, from a fresh start on`,
    bar: '< 50 MB',
  },
  creating: { what: 'The same, while all children are created', bar: '< 50 MB' },
  ends: { what: 'Times that the process ended', bar: '0' },
  writes: { what: 'Writes after the fresh start besides the Lease', bar: '0' },
};

export const eightKinds: Measurement = {
  name: 'eight-kinds',
  method:
    `The reconciler (as it is in the image, with the flags of image and chart) with an API server that stands in for a cluster and ` +
    `${servers} MCPServers at replicas 0, each with metrics. Besides the kinds of today it expands each into four more, ` +
    'which only what is measured knows (HTTPRoute, ScaledObject, PodDisruptionBudget, ' +
    'HorizontalPodAutoscaler). All children are created; then it starts anew. The largest anonymous memory, read four ' +
    'times a second until nothing was asked for or written for ten seconds; beside it the same with the kinds of today.',
  minutes: 5,
  bars: Object.values(bars),
  async run(progress) {
    const today = await measureKinds(expandedKinds, { servers, plugins: [] }, progress);
    const eight = await measureKinds(withTrials, { servers, plugins: [withTrialKinds] }, progress);
    if (eight.kinds !== 8) throw new Error(`each server has a child of ${eight.kinds} kinds`);
    const writes = eight.writes.length;
    return [
      memoryFigure(bars.fresh, eight.fromFreshStart, `${megabytes(today.fromFreshStart)} with ${ofToday(today)}`),
      memoryFigure(bars.creating, eight.whileCreating, `${megabytes(today.whileCreating)} with ${ofToday(today)}`),
      { ...bars.ends, measured: String(eight.ends), isMet: eight.ends === 0 },
      { ...bars.writes, measured: String(writes), isMet: writes === 0 },
    ];
  },
};

function memoryFigure(bar: (typeof bars)['fresh'], bytes: number, remark: string): Figure {
  return { ...bar, measured: megabytes(bytes), isMet: bytes > 0 && bytes < 50e6, remark };
}

function ofToday({ kinds }: SeenOfKinds): string {
  return `the ${kinds} of today`;
}
