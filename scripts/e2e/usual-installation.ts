/**
 * What helm is told whenever a case installs the chart, and before them: a feature that costs nothing where no server asks for it
 * needs no installation of its own to be looked at.
 */
const usualSettings: readonly string[] = ['disruptionBudgets.enabled=true', 'autoscaling.enabled=true'];

export const usualArguments: readonly string[] = usualSettings.flatMap((setting) => ['--set', setting]);

/** What is set in any case: with another value, or without one of them, the chart is installed as some case wanted it. */
export const usualValues: readonly string[] = [
  ...['image', 'podAnnotations'],
  ...usualSettings.map((setting) => setting.split('.')[0] ?? ''),
].toSorted();
