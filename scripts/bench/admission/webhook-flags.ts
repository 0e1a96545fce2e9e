/** How Node is started for the webhook: by the entry point of the Dockerfile, and with NODE_OPTIONS of the chart. */
export const webhookFlags: readonly string[] = [
  '--no-concurrent-recompilation',
  '--max-semi-space-size=2',
  '--max-old-space-size=48',
];

/** The same for the reconciler. */
export const reconcilerFlags: readonly string[] = [
  '--no-concurrent-recompilation',
  '--max-semi-space-size=1',
  '--max-old-space-size=29',
];
