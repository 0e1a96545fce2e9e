import { expect, it } from '@jest/globals';
import { readSamples, type Sample } from '../../scripts/docs/samples.ts';
import { kubectl } from './kubectl.ts';

const create = ['create', '--dry-run=server', '--validate=strict', '--filename', '-'];

/** What is shown for an installation with a feature that this one lacks is refused, by the rule that says so. */
export interface Refused {
  /** Text of the sample. */
  readonly with: string;
  readonly rule: string;
}

/** API servers know every field of what the README and the guides show of these kinds, and we admit it. Call in `describe`. */
export function itTakesSamples(namespace: string, kinds: readonly string[], refused?: Refused): void {
  const samples = readSamples(kinds);

  it.each(kinds)('there is a sample of the kind %s', (wanted) => {
    expect(samples.map(({ kind }) => kind)).toContain(wanted);
  });

  it.each(samples.map((sample, index) => [sample.kind, sample.page, index + 1, sample] as const))(
    'the %s of %s is created as it is shown (sample %i)',
    async (_kind, _page, _number, sample) => {
      const { code, stderr } = await kubectl([...create, ...where(sample, namespace)], moved(sample, namespace));
      if (refused !== undefined && sample.text.includes(refused.with))
        expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`[${refused.rule}]`) });
      else expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    },
  );
}

/** What names no namespace is shown for one that kubectl is told; what has none ignores it. */
function where({ text }: Sample, namespace: string): readonly string[] {
  return /^ {2}namespace: /m.test(text) ? [] : ['--namespace', namespace];
}

/** Nobody has the namespaces of the guides here. */
function moved({ text }: Sample, namespace: string): string {
  return text.replaceAll(/^( {2}namespace: ).*$/gm, `$1${namespace}`);
}
