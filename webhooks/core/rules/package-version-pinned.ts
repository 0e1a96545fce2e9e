import type { Rule } from '../engine/rule.ts';
import { shortenEnd } from '../engine/text.ts';
import { none } from '../engine/violations.ts';
import { isLaunched } from '../mcpserver/stdio.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { withCommand } from './parts/example-specs.ts';
import { launchedPackages, type LaunchedPackage } from './parts/launched-packages.ts';

/** Longest package that is repeated, in characters. */
const maxLength = 120;

/** What names one version for ever, by where the package comes from. */
const pinned: Readonly<Record<LaunchedPackage['registry'], RegExp>> = {
  npm: /^(?:@[^/@]+\/)?[^/@]+@v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/,
  PyPI: /(?:===?\s*|^[^@:/]+@)v?\d[0-9A-Za-z.!+-]*$/,
};
/** A commit of a repository, whatever else stands around it. */
const commit = /[#@][0-9a-f]{40}(?:#.*)?$/;
/** Files of the image, which has a version of its own. */
const local = /^(?:\.{0,2}\/|file:)/;
/** What the kubelet replaces: nobody can see it here. */
const variable = /\$\([^)]+\)/;

const howTo: Readonly<Record<LaunchedPackage['registry'], string>> = {
  npm: 'Write the version behind it, as in NAME@1.2.3.',
  PyPI: 'Write the version behind it, as in NAME==1.2.3.',
};

export const packageVersionPinned: Rule = {
  id: 'package-version-pinned',
  severity: 'warn',
  stricterIn: 6,
  summary: 'A package that is downloaded to be run should be named with its version.',
  rationale:
    'Without a version npx, uvx and the like run what their registry has newest at that moment: each session and each pod may ' +
    'be of another release, nobody reviewed the one of tomorrow, and there is no earlier one to go back to. A roll-out is ' +
    'neither proven nor noticed, because nothing of the pods changes. A range such as ^1.2.0 is no version. What ' +
    'a package depends on may differ all the same; an image with the package in it differs in nothing.',
  remedy: 'Write the version behind the name of the package.',
  examples: {
    accepts: [
      { title: 'a package of npm with its version', spec: withCommand('npx', '-y', '@example/search@1.4.0') },
      { title: 'a package of PyPI with its version', spec: withCommand('uvx', 'example-search==1.4.0', '--stdio') },
      {
        title: 'a package that has the program',
        spec: withCommand('uvx', '--from', 'example-search[extra]==1.4.0', 'search'),
      },
      { title: 'a program of the image', spec: withCommand('node', '/app/server.js') },
      { title: 'a file of the image', spec: withCommand('npx', './search') },
    ],
    rejects: [
      { title: 'a package of npm without a version', spec: withCommand('npx', '-y', '@example/search') },
      { title: 'a tag', spec: withCommand('npx', 'search@latest') },
      { title: 'a range', spec: withCommand('npm', 'exec', '--package=search@^1.4.0', '--', 'search') },
      { title: 'a package of PyPI without a version', spec: withCommand('uvx', 'example-search') },
      { title: 'a least version', spec: withCommand('pipx', 'run', '--spec', 'example-search>=1.4', 'search') },
      {
        title: 'the same among the arguments',
        spec: { ...withCommand('uvx'), config: { arguments: ['example-search'] } },
      },
    ],
  },
  check({ server }) {
    const { config, extensions } = server.spec;
    if (extensions?.stdio === undefined || !isLaunched(server)) return none;
    const { command = [] } = extensions.stdio;
    const packages = launchedPackages([...command, ...(config.arguments ?? [])]);
    return packages.filter(isLoose).map((loose) => violationOf(loose, pathOf(loose.index, command.length)));
  },
};

function isLoose({ text, registry }: LaunchedPackage): boolean {
  return ![pinned[registry], commit, local, variable].some((form) => form.test(text));
}

function pathOf(index: number, words: number): FieldPath {
  return index < words
    ? ['spec', 'extensions', 'stdio', 'command', index]
    : ['spec', 'config', 'arguments', index - words];
}

function violationOf({ text, registry }: LaunchedPackage, path: FieldPath): Violation {
  return {
    path,
    headline: 'the package names no version, so another one may run tomorrow',
    detail: `found ${JSON.stringify(shortenEnd(text, maxLength))}`,
    remedy: howTo[registry],
  };
}
