import { oneLine } from '../engine/text.ts';
import type { ToolContract } from './contract.ts';
import type { Sha256, ToolHints } from './tool.ts';

/** One tool as status has it: enough to tell what became of it, a hundred bytes. */
export interface ListedTool extends ToolHints {
  /** Fit for a status: what is not is written out. */
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
  /** How many of those are not read-only; absent: not known, or there are no more. */
  readonly truncatedNotReadOnly?: number;
}

/** Most tools that are listed; the CRD says the same. */
const maxListed = 64;
/** Longest name of one, in characters: what the specification asks for; the CRD says the same. */
const maxNameLength = 128;
const digestLength = 8;

export function listTools({ tools }: ToolContract, sha256: Sha256): ListedTools {
  const named = tools.map((tool) => ({ ...tool, name: listedName(tool.name, sha256) }));
  const sorted = named.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  const [listed, others] = [sorted.slice(0, maxListed), sorted.slice(maxListed)];
  const truncatedNotReadOnly = others.filter(({ readOnly }) => !readOnly).length;
  return {
    ...{ listed: writeListed(listed), truncated: others.length },
    ...(others.length === 0 ? {} : { truncatedNotReadOnly }),
  };
}

/** Names that differ stay different: what hides in one is written out, and of one that is too long, its digest is told. */
export function listedName(name: string, sha256: Sha256): string {
  const shown = shownName(name);
  const characters = Array.from(shown);
  if (characters.length <= maxNameLength) return shown;
  const end = `…${sha256(name).slice(0, digestLength)}`;
  return `${characters.slice(0, maxNameLength - end.length).join('')}${end}`;
}

/** A name with what cannot be seen in it written out, as `\\u{200b}`; most have nothing like that. */
export function shownName(name: string): string {
  if (!name.includes('\\') && oneLine(name, name.length) === name) return name;
  return name.replace(/[\\\s\p{C}]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
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
