import { changeClasses, compareContracts, isBreaking } from '../core/contract/compare-contracts.ts';
import type { ChangeClass, ContractChange } from '../core/contract/compare-contracts.ts';
import { shownName } from '../core/contract/listed-tools.ts';
import { oneLine } from '../core/engine/text.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import type { LockedContract } from './contract-lock.ts';
import { toJson } from './outputs/to-json.ts';
import { count } from './outputs/told.ts';
import { changesSchemaVersion } from './schemas/tool-contract-changes.ts';

/** The least that fails: what breaks clients, that or other words, or any other digest. */
export const failOns = ['breaking', 'wording', 'any'] as const;
export type FailOnChange = (typeof failOns)[number];

export interface Comparison {
  readonly before: LockedContract;
  readonly after: LockedContract;
}

/** What differs, worst first. */
export function changesBetween({ before, after }: Comparison): readonly ContractChange[] {
  const changes = compareContracts(before.compared, after.compared);
  return changeClasses.flatMap((one) => changes.filter((change) => change.class === one));
}

export function exitCodeOfChanges(changes: readonly ContractChange[], failOn: FailOnChange): ExitCode {
  return changes.some((change) => fails(change.class, failOn)) ? exitCodes.found : exitCodes.clean;
}

function fails(one: ChangeClass, failOn: FailOnChange): boolean {
  return failOn === 'any' || isBreaking(one) || (failOn === 'wording' && one === 'Wording');
}

/** Longest line, in characters, but for the class. */
const maxLineLength = 300;

function renderText({ before, after }: Comparison, changes: readonly ContractChange[]): string {
  const lines = changes.map(
    ({ class: one, tool, what }) =>
      `${one.padEnd('InterfaceCompatible'.length)}  ${oneLine(tool === undefined ? what : `${shownName(tool)}: ${what}`, maxLineLength)}`,
  );
  const breaking = changes.filter((change) => isBreaking(change.class)).length;
  const { digest } = after.contract;
  const verdict =
    changes.length === 0
      ? `the same ${count(after.contract.tools.length, 'tool')}: ${digest}`
      : `${count(changes.length, 'change')}, ${breaking} of them breaking: ${before.contract.digest} -> ${digest}`;
  return [...lines, verdict].map((line) => `${line}\n`).join('');
}

function renderJson({ before, after }: Comparison, changes: readonly ContractChange[]): string {
  return toJson({
    schemaVersion: changesSchemaVersion,
    before: { digest: before.contract.digest, tools: before.contract.tools.length },
    after: { digest: after.contract.digest, tools: after.contract.tools.length },
    changes: changes.map((change) => ({ ...change, breaking: isBreaking(change.class) })),
  });
}

/** What `contract diff` and `verify` take as --output. */
export const changesOutputs = { text: renderText, json: renderJson } as const satisfies Readonly<
  Record<string, (comparison: Comparison, changes: readonly ContractChange[]) => string>
>;
