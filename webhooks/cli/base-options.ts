import type { CommandOptions } from './options.ts';

/** What the input is an update of. */
export const baseOptions = {
  base: {
    type: 'text',
    placeholder: 'REF|DIR',
    default: '',
    help: 'judge updates of what stands at a Git ref or in a folder: what was there before fails nothing',
  },
  'base-policy': {
    type: 'text',
    placeholder: 'FILE',
    default: '',
    isPath: true,
    help: 'with --base: the policy of before, if it is not where --policy is, at the base',
  },
} as const satisfies CommandOptions;

export interface BaseValues {
  /** A Git ref or a folder; empty without a base. */
  readonly base: string;
  /** A file; empty: the base is looked into. */
  readonly 'base-policy': string;
}

/** What is wrong with how they are named, if anything is. */
export function judgeBaseNames({ base, 'base-policy': file }: BaseValues): string | undefined {
  return file !== '' && base === '' ? '--base-policy is what judged a base: name that with --base' : undefined;
}
