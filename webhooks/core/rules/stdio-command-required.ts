import type { Rule } from '../engine/rule.ts';
import { shortenEnd } from '../engine/text.ts';
import { none } from '../engine/violations.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { withCommand, withStdio } from './parts/example-specs.ts';
import { launchesNothing } from './parts/launched-packages.ts';

const path = ['spec', 'extensions', 'stdio', 'command'];

/** Longest image and longest program that are repeated, in characters. */
const maxLength = 200;

/** A program is looked for on the PATH under this name, and none has one with spaces. */
const severalWords = /^[^/]*\s/;

export const stdioCommandRequired: Rule = {
  id: 'stdio-command-required',
  severity: 'deny',
  stricterIn: 10,
  summary: 'A server for stdio must name the program that is started, each word in an item of its own.',
  rationale:
    'For a server for stdio the container runs a program of mcp-lifecycle, which starts the one of the server for each session. ' +
    "Kubernetes replaces the image's entrypoint by it and tells nobody what that was, so the command has to be in the " +
    'manifest. `mcp-lifecycle stdio resolve IMAGE` reads it from the registry, with the credentials of whoever runs it, and ' +
    'prints the field. No shell reads the command: `npx -y server` in one item would be looked for as one program. ' +
    'Nor may a launcher stand alone: npx without a package starts a shell, which runs what clients send, line by line.',
  remedy: 'Set spec.extensions.stdio.command: the program, and each of its arguments in an item of its own.',
  examples: {
    accepts: [
      { title: 'a server that serves HTTP itself' },
      { title: 'a program with an argument', spec: withCommand('node', '/app/server.js') },
      { title: 'a launcher with its package', spec: withCommand('npx', '-y', '@example/search@1.4.0') },
      {
        title: 'a launcher with its package among the arguments',
        spec: { ...withCommand('uvx'), config: { arguments: ['example-search==1.4.0'] } },
      },
      { title: 'a path with a space', spec: withCommand('/opt/search server/bin/run') },
    ],
    rejects: [
      { title: 'no command', spec: withStdio({ sessions: 'Auto' }) },
      { title: 'an empty command', spec: withCommand() },
      { title: 'a command without a program', spec: withCommand('', '--stdio') },
      { title: 'a command line in one item', spec: withCommand('npx -y @example/search@1.4.0') },
      { title: 'a launcher without a package', spec: withCommand('npx', '-y') },
      { title: 'a package without its program', spec: withCommand('npx', '--package', '@example/search@1.4.0') },
    ],
  },
  check({ server: { spec } }) {
    const { stdio } = spec.extensions ?? {};
    if (stdio === undefined) return none;
    const [program = ''] = stdio.command ?? [];
    if (program === '') {
      const image = shortenEnd(spec.source.containerImage?.ref ?? 'IMAGE', maxLength);
      return [
        {
          path,
          headline: 'a server for stdio needs the command that starts it',
          detail: 'found none',
          remedy: `Set it: mcp-lifecycle stdio resolve ${image} prints what the image says.`,
        },
      ];
    }
    if (severalWords.test(program)) return [severalWordsIn(program)];
    const line = [...(stdio.command ?? []), ...(spec.config.arguments ?? [])];
    return launchesNothing(line) ? [nothingLaunchedBy(program)] : none;
  },
};

function severalWordsIn(program: string): Violation {
  return {
    path: [...path, 0],
    headline: 'the program is several words, and no shell takes them apart',
    detail: `found ${JSON.stringify(shortenEnd(program, maxLength))}`,
    remedy: 'Write each word as an item of its own.',
  };
}

function nothingLaunchedBy(program: string): Violation {
  return {
    path,
    headline: 'the program runs a package, and is not told which',
    detail: `found ${JSON.stringify(shortenEnd(program, maxLength))} with no word behind its options`,
    remedy: 'Write the package behind it, with its version; or, where an option names it, its program.',
    dependsOn: [['spec', 'config', 'arguments']],
  };
}
