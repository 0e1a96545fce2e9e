import { readFile } from 'node:fs/promises';

/** One row of the guide's table: whether each role may do this. */
export interface UserRight {
  readonly verbs: readonly string[];
  readonly group: string;
  /** `mcpservers/status`. */
  readonly resource: string;
  /** Of an object that is the only one; '' is any. */
  readonly name: string;
  /** The roles, by the end of their name. */
  readonly roles: readonly string[];
}

/** What docs/guides/roles.md says that people may do with the roles of the chart. */
export async function readUserRights(): Promise<{ readonly roles: readonly string[]; readonly rights: UserRight[] }> {
  const guide = await readFile(new URL('../../docs/guides/roles.md', import.meta.url), 'utf8');
  const [, head = '', body = ''] = /^\| May \|(.*)\|\n\|[-|]+\|\n((?:\|.*\|\n)+)/m.exec(guide) ?? [];
  const roles = cellsOf(head).map((cell) => cell.replaceAll('`', ''));
  const rights = body
    .trim()
    .split('\n')
    .map((row) => readRow(row, roles));
  return { roles, rights };
}

function readRow(row: string, roles: readonly string[]): UserRight {
  const [what = '', ...answers] = cellsOf(row.slice(1, -1));
  const [, verbs = '', full = '', name = ''] = /^(.*) `([^` ]+)(?: ([^`]+))?`$/.exec(what) ?? [];
  const [, plural = '', group = '', subresource = ''] = /^([a-z]+)\.?([^/]*)(\/[a-z]+)?$/.exec(full) ?? [];
  return {
    ...{ verbs: verbs.split(', '), group, resource: `${plural}${subresource}`, name },
    roles: roles.filter((_, index) => answers[index] === 'yes'),
  };
}

function cellsOf(text: string): readonly string[] {
  return text.split('|').map((cell) => cell.trim());
}
