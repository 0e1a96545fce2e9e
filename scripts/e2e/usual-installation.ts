import { runCommand, type Environment } from '../cluster/command.ts';
import { release } from '../quickstart/install.ts';

/**
 * What helm is told whenever a case installs the chart, and before them: a feature that costs nothing where no server asks for it
 * needs no installation of its own to be looked at. On a busy machine an answer of the webhooks may take longer than the
 * chart's five seconds, and is one all the same.
 */
const usualSettings: readonly string[] = [
  ...['disruptionBudgets.enabled=true', 'autoscaling.enabled=true', 'ingress.enabled=true'],
  'webhook.timeoutSeconds=15',
];

export const usualArguments: readonly string[] = usualSettings.flatMap((setting) => ['--set', setting]);

/** What says which image it is. */
const ofImage: readonly string[] = ['image', 'podAnnotations'];

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
  return info?.status === 'deployed' && areUsual((JSON.parse(values.stdout) ?? {}) as Values);
}

type Values = Readonly<Record<string, unknown>>;

/** With one more, another value, or without one of them, the chart is installed as some case wanted it. */
export function areUsual(values: Values): boolean {
  const others = Object.entries(values).filter(([name]) => !ofImage.includes(name));
  return settingsOf(Object.fromEntries(others)).toSorted().join() === usualSettings.toSorted().join();
}

/** As helm is told them. */
function settingsOf(values: Values, within = ''): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? settingsOf(value as Values, `${within}${name}.`)
      : [`${within}${name}=${JSON.stringify(value)}`],
  );
}
