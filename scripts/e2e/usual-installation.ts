/**
 * What helm is told whenever a case installs the chart, and before them: a feature that costs nothing where no server asks for it
 * needs no installation of its own to be looked at.
 */
export const usualArguments: readonly string[] = [
  ...['--set', 'disruptionBudgets.enabled=true'],
  ...['--set', 'autoscaling.enabled=true'],
];
