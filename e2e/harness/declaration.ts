import { readFileSync } from 'node:fs';
import path from 'node:path';
import { extract, parse } from 'jest-docblock';

/** What a case says about itself, in the comment at the top of its file. */
export interface Declaration {
  /** `@alone …`: why nothing else may run beside it, because it changes what all share. Others run side by side. */
  readonly alone: string | undefined;
  /** `@installs …`: what it begins with that makes the chart its own, so that it need not find it as usual. */
  readonly installs: string | undefined;
  /** `@slow …`: what it waits for when it takes more than a minute. */
  readonly slow: string | undefined;
}

export function declarationOf(testPath: string): Declaration {
  const { alone, installs, slow } = parse(extract(readFileSync(testPath, 'utf8')));
  return { alone: oneText(alone), installs: oneText(installs), slow: oneText(slow) };
}

/** Cases that begin with an installation of their own: on a cluster where nobody needs the usual one. */
export function hasOwnInstallation(testPath: string): boolean {
  return declarationOf(testPath).installs !== undefined;
}

/** The folder of a case is its name. */
export function caseOf(testPath: string): string {
  return path.basename(path.dirname(testPath));
}

function oneText(pragma: string | readonly string[] | undefined): string | undefined {
  return pragma === undefined || typeof pragma === 'string' ? pragma : pragma.join(' ');
}
