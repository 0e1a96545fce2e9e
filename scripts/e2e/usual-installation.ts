import { runCommand, type Environment } from '../cluster/command.ts';
import { release } from '../quickstart/install.ts';

/**
 * What helm is told whenever a case installs the chart, and before them: a feature that costs nothing where no server asks for it
 * needs no installation of its own to be looked at.
 */
const usualSettings: readonly string[] = [
  ...['disruptionBudgets.enabled=true', 'autoscaling.enabled=true', 'ingress.enabled=true'],
];

export const usualArguments: readonly string[] = usualSettings.flatMap((setting) => ['--set', setting]);

/** What is set in any case: with another value, or without one of them, the chart is installed as some case wanted it. */
const usualValues: readonly string[] = [
  ...['image', 'podAnnotations'],
  ...usualSettings.map((setting) => setting.split('.')[0] ?? ''),
].toSorted();

/** Whether the chart is installed as cases find it that do not say `@installs`. */
export async function isAsUsual(environment: Environment): Promise<boolean> {
  const helm = (...args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(['helm', ...args, release.name, '--namespace', release.namespace, '--output', 'json'], {
      env: environment,
    });
  const [status, values] = [await helm('status'), await helm('get', 'values')];
  if (status.code !== 0 || values.code !== 0) return false;
  // As helm prints it.
  const { info } = JSON.parse(status.stdout) as { readonly info?: { readonly status?: string } };
  const set = Object.keys((JSON.parse(values.stdout) ?? {}) as object);
  return info?.status === 'deployed' && set.toSorted().join() === usualValues.join();
}
