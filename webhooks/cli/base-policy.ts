import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathInside, readCommitted, realPathOf } from '../platform/git.ts';
import { decodeText } from '../platform/manifests/read-texts.ts';
import type { InputProblem } from '../platform/manifests/manifest.ts';
import type { BaseValues } from './base-options.ts';
import { gatherBase, repositoryOf, type Base, type BasePolicy } from './base.ts';
import { choosePolicy, toChosen, type ChosenPolicy } from './chosen-policy.ts';
import type { Input } from './gather.ts';
import { readPolicyText } from './policy-file.ts';

export interface BasePolicyNames extends BaseValues {
  /** What judges now. */
  readonly policy: string;
}

export type GatheredBefore =
  | { readonly type: 'gathered'; readonly base: Base | undefined; readonly notes: readonly InputProblem[] }
  | { readonly type: 'refused'; readonly problems: readonly InputProblem[] };

export interface GatherOptions {
  /** Of objects that name none. */
  readonly namespace: string;
  readonly readStdin: () => Promise<Uint8Array>;
}

/** Everything that `--base` names: the servers, and the policy that judged them. Loads what talks to Git. */
export async function gatherBefore(
  names: BasePolicyNames,
  input: Input,
  { namespace, readStdin }: GatherOptions,
): Promise<GatheredBefore> {
  const gathered = await gatherBase(names.base, input, { namespace });
  if (gathered.type === 'refused')
    return { type: 'refused', problems: [{ file: '--base', message: gathered.problem }] };
  const { base } = gathered;
  if (base === undefined) return { type: 'gathered', base, notes: [] };
  const before = await gatherBasePolicy(names, input, readStdin);
  if (before.type === 'refused') return before;
  return { type: 'gathered', base: { ...base, policy: before.policy }, notes: before.notes };
}

/** `notes`: why another policy than that of now could be meant, and is not known. */
type GatheredBasePolicy =
  | { readonly type: 'gathered'; readonly policy: BasePolicy | undefined; readonly notes: readonly InputProblem[] }
  | { readonly type: 'refused'; readonly problems: readonly InputProblem[] };

/**
 * The policy of before: the file that is named, or else that of now as the base has it. A policy from elsewhere (standard
 * input, another repository) is taken for unchanged, because nobody can tell.
 */
async function gatherBasePolicy(
  { base, 'base-policy': file, policy }: BasePolicyNames,
  input: Pick<Input, 'servers'>,
  readStdin: () => Promise<Uint8Array>,
): Promise<GatheredBasePolicy> {
  if (file !== '') {
    const chosen = await choosePolicy(file, readStdin);
    if (chosen.type === 'refused') return chosen;
    return { type: 'gathered', policy: { name: file, policy: chosen.policy }, notes: [] };
  }
  if (policy === '' || policy === '-') return unchanged;
  return existsSync(base) ? readInFolder(base, policy) : readAtRef(base, policy, input);
}

const unchanged: GatheredBasePolicy = { type: 'gathered', policy: undefined, notes: [] };

/** The file whose path below the folder is the longest end of the path of the policy. */
function readInFolder(folder: string, policy: string): GatheredBasePolicy {
  const path = realPathOf(policy);
  const names = path.split(sep);
  const candidates = names.map((_name, index) => join(folder, ...names.slice(index)));
  const found = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  if (found === undefined || realPathOf(found) === path) return unchanged;
  return toGathered(found, readFileSync(found));
}

function readAtRef(ref: string, policy: string, input: Pick<Input, 'servers'>): GatheredBasePolicy {
  const folder = repositoryOf(input);
  const committed = readCommitted({ ref, folder, containing: '', names: [], paths: [policy] });
  // The servers were read from there before.
  if (committed.type === 'refused')
    return { type: 'refused', problems: [{ file: '--base', message: committed.problem }] };
  const inside = pathInside(committed.root, policy);
  if (inside === undefined) return unchanged;
  const [file] = committed.files;
  const name = `${ref}:${inside.split(sep).join('/')}`;
  if (file !== undefined) return toGathered(name, file.bytes);
  return withoutPolicy({ file: name, message: 'there is no such file, or an empty one' });
}

function toGathered(name: string, bytes: Uint8Array): GatheredBasePolicy {
  const read = decodeText(name, bytes);
  const chosen: ChosenPolicy =
    'text' in read ? toChosen(readPolicyText(read), { file: name }) : { type: 'refused', problems: [read] };
  if (chosen.type === 'chosen') return { type: 'gathered', policy: { name, policy: chosen.policy }, notes: [] };
  return withoutPolicy(...chosen.problems);
}

/** A policy that is mended, or that is the first one, must not be held up by what there was before. */
function withoutPolicy(...problems: readonly InputProblem[]): GatheredBasePolicy {
  const notes = problems.map(({ message, ...place }) => ({ ...place, message: `${message}${consequence}` }));
  return { type: 'gathered', policy: undefined, notes };
}

const consequence = ': what a policy excused before is not known (--base-policy names it)';
