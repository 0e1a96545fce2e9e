/** A workflow command as the runner understands it. */
export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

const propertyEscapes = { '%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%25': '%' };
const dataEscapes = { '%0D': '\r', '%0A': '\n', '%25': '%' };

/**
 * Reads one line of a log as GitHub's runner does (src/Runner.Common/ActionCommand.cs of github.com/actions/runner): a line
 * that begins with `::`, or has `##[` anywhere; undefined for a line that is no command.
 */
export function readCommand(line: string): WorkflowCommand | undefined {
  const [, name = '', list = '', data = ''] = /^\s*::([^ ]*?)(?: (.*?))?::(.*)$/s.exec(line) ?? [];
  if (name === '') {
    if (line.includes('##[')) throw new Error(`a command of the old kind: ${line}`);
    return undefined;
  }
  const pairs = list.split(',').map((pair): readonly [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), unescape(pair.slice(at + 1), propertyEscapes)];
  });
  return { name, properties: Object.fromEntries(pairs), data: unescape(data, dataEscapes) };
}

/** In the order of the runner. */
function unescape(text: string, escapes: Readonly<Record<string, string>>): string {
  return Object.entries(escapes).reduce((read, [escape, token]) => read.replaceAll(escape, token), text);
}
