import type { MCPServer, StdioSettings } from './types.gen.ts';

/** What a spec says of a server for stdio, with every default. */
export interface Stdio {
  /** Program and arguments, without those of `config.arguments`; empty where the rule stdio-command-required has not been heard. */
  readonly command: readonly string[];
  readonly cwd: string | undefined;
  readonly sessions: NonNullable<StdioSettings['sessions']>;
  readonly maxSessions: number;
  readonly idleSeconds: number;
  /** For the first answer of a process. */
  readonly startSeconds: number;
  /** In either direction. */
  readonly maxMessageBytes: number;
}

/** Where the spec does not say; crds/source/mcpserver.yaml says the same. */
const defaults = { maxSessions: 16, idleSeconds: 1800, startSeconds: 60, maxMessageBytes: 4 * 1024 * 1024 } as const;

/** A program that fetches a package before it runs it may take so long for its first answer, in seconds. */
const startSecondsOfLaunchers = 120;

/** Programs that run a package of npm or PyPI, and download it if it is not there. */
const launchers: ReadonlySet<string> = new Set(['npx', 'npm', 'uvx', 'uv', 'pipx']);

/** Undefined for a server that serves HTTP itself. */
export function stdioOf({ spec }: MCPServer): Stdio | undefined {
  const said = spec.extensions?.stdio;
  if (said === undefined) return undefined;
  const { command = [], cwd, sessions = 'Auto', maxSessions, idleTimeoutSeconds, maxMessageBytes } = said;
  return {
    ...{ command, cwd, sessions },
    maxSessions: maxSessions ?? defaults.maxSessions,
    idleSeconds: idleTimeoutSeconds ?? defaults.idleSeconds,
    startSeconds: startSecondsOf(said),
    maxMessageBytes: maxMessageBytes ?? defaults.maxMessageBytes,
  };
}

/** Whether a bridge of ours serves for it. */
export function isStdio({ spec }: MCPServer): boolean {
  return spec.extensions?.stdio !== undefined;
}

/** Whether its program downloads a package into the home directory of its user first. */
export function isLaunched({ spec }: MCPServer): boolean {
  return launchers.has(programOf(spec.extensions?.stdio));
}

/** `npx` of `/usr/local/bin/npx`; empty where there is no command. */
function programOf(stdio: StdioSettings | undefined): string {
  const [program = ''] = stdio?.command ?? [];
  return program.slice(program.lastIndexOf('/') + 1);
}

function startSecondsOf(stdio: StdioSettings): number {
  const usual = launchers.has(programOf(stdio)) ? startSecondsOfLaunchers : defaults.startSeconds;
  return stdio.startTimeoutSeconds ?? usual;
}
