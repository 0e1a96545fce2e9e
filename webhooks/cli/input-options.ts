import type { ReadTexts } from '../platform/manifests/read-texts.ts';
import type { CommandOptions } from './options.ts';
import type { RenderOptions } from './rendered-input.ts';

/** What a command judges besides the files that it is given; the same for each command that judges. */
export const inputOptions = {
  helm: { type: 'text', placeholder: 'CHART', default: '', isPath: true, help: 'a chart too, as helm renders it' },
  values: { type: 'texts', placeholder: 'FILE', isPath: true, help: 'with --helm: values of the chart' },
  set: { type: 'texts', placeholder: 'KEY=VALUE', help: 'with --helm: one value of the chart' },
  kustomize: { type: 'texts', placeholder: 'DIR', isPath: true, help: 'an overlay too, as kustomize builds it' },
} as const satisfies CommandOptions;

export interface InputValues {
  readonly helm: string;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly kustomize: readonly string[];
}

/** What is wrong with how the input is named, if anything is. */
export function judgeInputNames(
  paths: readonly string[],
  { helm, values, set, kustomize }: InputValues,
): string | undefined {
  if (helm === '' && values.length + set.length > 0) return '--values and --set are of a chart: name it with --helm';
  const isNamed = paths.length > 0 || helm !== '' || kustomize.length > 0;
  return isNamed
    ? undefined
    : 'name at least one file or folder, - for standard input, or a chart or an overlay with --helm or --kustomize';
}

/** As the user named it, for a sentence. */
export function nameInput(paths: readonly string[], { helm, kustomize }: InputValues): string {
  return [...paths, ...(helm === '' ? [] : [helm]), ...kustomize].join(', ');
}

/** What charts and overlays become. Who names none does not pay for what starts other programs. */
export async function gatherRendered(input: InputValues, options: RenderOptions): Promise<ReadTexts> {
  if (input.helm === '' && input.kustomize.length === 0) return { texts: [], problems: [] };
  return (await import('./rendered-input.ts')).renderInput(input, options);
}
