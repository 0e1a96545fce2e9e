import { changeClasses, compareContracts, isBreaking } from '../core/contract/compare-contracts.ts';
import type { ChangeClass, ComparedContract, ContractChange } from '../core/contract/compare-contracts.ts';
import { listedName, shownName } from '../core/contract/listed-tools.ts';
import { oneLine } from '../core/engine/text.ts';
import { exitCodes, type ExitCode } from './exit-code.ts';
import { countTools } from './contract-lock.ts';
import type { LockedContract } from './contract-lock.ts';
import { sha256 } from '../platform/mcp/sha256.ts';
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
  const isShown = before.tools === undefined || after.tools === undefined;
  const named = ({ compared }: LockedContract): ComparedContract => (isShown ? asShown(compared) : compared);
  const changes = compareContracts(named(before), named(after));
  return changeClasses.flatMap((one) => changes.filter((change) => change.class === one));
}

/** By the names that a status has. */
function asShown({ tools, ...contract }: ComparedContract): ComparedContract {
  return { ...contract, tools: tools.map((tool) => ({ ...tool, name: listedName(tool.name, sha256) })) };
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
  const { digest } = after.compared;
  const verdict =
    changes.length === 0
      ? `the same ${count(countTools(after), 'tool')}: ${digest}`
      : `${count(changes.length, 'change')}, ${breaking} of them breaking: ${before.compared.digest} -> ${digest}`;
  return [...lines, verdict].map((line) => `${line}\n`).join('');
}

function renderJson({ before, after }: Comparison, changes: readonly ContractChange[]): string {
  return toJson({
    schemaVersion: changesSchemaVersion,
    before: { digest: before.compared.digest, tools: countTools(before) },
    after: { digest: after.compared.digest, tools: countTools(after) },
    changes: changes.map((change) => ({ ...change, breaking: isBreaking(change.class) })),
  });
}

/** What `contract diff` and `verify` take as --output. */
export const changesOutputs = { text: renderText, json: renderJson } as const satisfies Readonly<
  Record<string, (comparison: Comparison, changes: readonly ContractChange[]) => string>
>;
