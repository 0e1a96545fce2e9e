import { oneLine } from '../engine/text.ts';
import type { ToolContract } from './contract.ts';
import type { ToolHints } from './tool.ts';

/** One tool as status has it: enough to tell what became of it, a hundred bytes. */
export interface ListedTool extends ToolHints {
  /** Fit for a status; of a name that is not, what is left of it. */
  readonly name: string;
  /** How the digests begin. */
  readonly interface: string;
  readonly wording: string;
}

/** The first tools of a contract, in one text, because thousands of servers have one in memory. */
export interface ListedTools {
  readonly listed: string;
  /** How many more there are. */
  readonly truncated: number;
}

/** Most tools that are listed; the CRD says the same. */
const maxListed = 64;
/** Longest name of one, in characters: what the specification asks for; the CRD says the same. */
const maxNameLength = 128;
const digestLength = 8;

export function listTools({ tools }: ToolContract): ListedTools {
  const listed = tools.slice(0, maxListed).map((tool) => ({ ...tool, name: oneLine(tool.name, maxNameLength) }));
  return { listed: writeListed(listed), truncated: tools.length - listed.length };
}

/** A line for each: digests, hints, and the name, which may have blanks. */
export function writeListed(tools: readonly ListedTool[]): string {
  return tools.map(writeTool).join('\n');
}

function writeTool({ name, readOnly, destructive, openWorld, ...digests }: ListedTool): string {
  const hints = `${readOnly ? 'r' : '-'}${destructive ? 'd' : '-'}${openWorld ? 'o' : '-'}`;
  return `${digests.interface.slice(0, digestLength)} ${digests.wording.slice(0, digestLength)} ${hints} ${name}`;
}

export function readListed(listed: string): readonly ListedTool[] {
  if (listed === '') return [];
  return listed.split('\n').map((line) => {
    const [ofInterface = '', wording = '', hints = '', ...name] = line.split(' ');
    return {
      ...{ name: name.join(' '), interface: ofInterface, wording },
      ...{ readOnly: hints.includes('r'), destructive: hints.includes('d'), openWorld: hints.includes('o') },
    };
  });
}
