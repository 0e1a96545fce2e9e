import { defineCommand, type Command } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import type { CommandOption } from './options.ts';

/** A command of the program with its line in the help. */
export interface LoadedCommand {
  readonly name: string;
  readonly summary: string;
  readonly command: Command;
}

/** What `completion` takes. */
const shells = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const satisfies Readonly<
  Record<string, (commands: readonly LoadedCommand[]) => string>
>;

const shellNames = namesOf(shells);

/** Prints what a shell completes, from the same tables as the help; `loadAll` gives every command, this one too. */
export function createCompletion(loadAll: () => Promise<readonly LoadedCommand[]>): Command {
  return defineCommand({
    synopsis: `completion ${shellNames.join('|')}`,
    description: `Prints a script for your shell. To try it: source <(mcp-lifecycle completion bash), the same with zsh, or
mcp-lifecycle completion fish | source. To keep it, write it to where your shell looks for completions.
`,
    examples: ['completion bash'],
    options: {},
    exitCodes: { clean: 'printed' },
    argumentWords: shellNames,
    judgeArguments: ([word, ...more]) =>
      more.length === 0 && shellNames.some((shell) => shell === word)
        ? undefined
        : `name one shell: ${shellNames.join(', ')}`,
    async run({ positionals: [word] }, { writeOut }) {
      const shell = shellNames.find((name) => name === word);
      if (shell === undefined) return exitCodes.unusable;
      writeOut(shells[shell](await loadAll()));
      return exitCodes.clean;
    },
  });
}

/** What main.ts adds: they take nothing. */
const others: Readonly<Record<string, string>> = { version: 'print the version', help: 'print the help' };

/** The words that an option may be given; empty where any text will do. Undefined: it is given none. */
function valuesOf(option: CommandOption): readonly string[] | undefined {
  switch (option.type) {
    case 'flag':
      return undefined;
    case 'text':
    case 'texts':
      return [];
    case 'choice':
    case 'targets':
      return option.choices;
  }
}

/** `--output`, `-o`. */
function spellingsOf(name: string, option: CommandOption): readonly string[] {
  return option.short === undefined ? [`--${name}`] : [`--${name}`, `-${option.short}`];
}

function namesIn(commands: readonly LoadedCommand[]): readonly string[] {
  return [...commands.map(({ name }) => name), ...Object.keys(others)];
}

/** In single quotes, as sh and zsh read it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** For the bash of macOS, too, which is 3.2. */
function renderBash(commands: readonly LoadedCommand[]): string {
  const cases = commands.map(({ name, command }) => {
    const { subcommands } = command;
    const own = renderBashCase(command);
    if (subcommands === undefined) return `    ${name})\n${own}      ;;\n`;
    const inner = Object.entries(subcommands).map(([word, one]) => `      ${word})\n${renderBashCase(one)}      ;;\n`);
    const first = `if [[ $COMP_CWORD -eq 2 ]]; then words=${quote([...Object.keys(subcommands), '--help'].join(' '))}; else`;
    return `    ${name})\n      ${first} case \${COMP_WORDS[2]} in\n${inner.join('')}      esac; fi\n      ;;\n`;
  });
  return `# bash completion of mcp-lifecycle: source <(mcp-lifecycle completion bash)
_mcp_lifecycle() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W ${quote(namesIn(commands).join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('')}  esac
  [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -- "$current"))
}
# What is no word of ours is completed as a file.
complete -o default -F _mcp_lifecycle mcp-lifecycle
`;
}

/** What follows a command, or a command of one. */
function renderBashCase({ options, argumentWords = [] }: Command): string {
  const entries = Object.entries(options);
  const values = entries.flatMap(([option, definition]) => {
    const words = valuesOf(definition);
    if (words === undefined) return [];
    const pattern = spellingsOf(option, definition).join(' | ');
    return [`      ${pattern}) words=${quote(words.join(' '))} ;;`];
  });
  const spellings = entries.flatMap(([option, definition]) => spellingsOf(option, definition));
  const offered = [...spellings, '--help'].join(' ');
  const other = `      *) if [[ $current == -* ]]; then words=${quote(offered)}; else words=${quote(argumentWords.join(' '))}; fi ;;`;
  return `      case $previous in\n${[...values, other].join('\n')}\n      esac\n`;
}

function renderZsh(commands: readonly LoadedCommand[]): string {
  const cases = commands.map(({ name, command }) => {
    const { subcommands } = command;
    if (subcommands === undefined) return `    ${name}) ${renderZshArguments(command)} ;;\n`;
    const inner = Object.entries(subcommands).map(([word, one]) => `        ${word}) ${renderZshArguments(one)} ;;\n`);
    const words = Object.keys(subcommands).join(' ');
    return `    ${name})
      if (( CURRENT == 2 )); then compadd ${words}; return; fi
      command=$words[2]
      shift words
      (( CURRENT -= 1 ))
      case $command in
${inner.join('')}      esac ;;
`;
  });
  const summaries = [...commands.map(({ name, summary }) => [name, summary] as const), ...Object.entries(others)];
  return `#compdef mcp-lifecycle
# zsh completion of mcp-lifecycle: source <(mcp-lifecycle completion zsh)
_mcp_lifecycle() {
  local -a commands=(
${summaries.map(([name, summary]) => `    ${quote(`${name}:${summary}`)}\n`).join('')}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
${cases.join('')}  esac
}
if [[ $funcstack[1] == _mcp_lifecycle ]]; then _mcp_lifecycle "$@"; else compdef _mcp_lifecycle mcp-lifecycle; fi
`;
}

function renderZshArguments({ options, argumentWords }: Command): string {
  const specs = Object.entries(options).flatMap(([option, definition]) => toZshSpecs(option, definition));
  const argument = argumentWords === undefined ? '*:file:_files' : `*:word:(${argumentWords.join(' ')})`;
  const all = [...specs, '--help[print the help]', argument].map((spec) => `      ${quote(spec)}`);
  return `_arguments \\\n${all.join(' \\\n')}`;
}

/** https://zsh.sourceforge.io/Doc/Release/Completion-System.html, `_arguments`: colons and brackets have a meaning there. */
function toZshSpecs(name: string, option: CommandOption): readonly string[] {
  const values = valuesOf(option);
  const help = option.help.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const repeated = option.type === 'targets' ? '*' : '';
  const value =
    values === undefined ? '' : `:value:${values.length === 0 ? anyValueOf(option) : `(${values.join(' ')})`}`;
  return spellingsOf(name, option).map((spelling) => `${repeated}${spelling}[${help}]${value}`);
}

function anyValueOf(option: CommandOption): string {
  return option.type === 'text' && /FILE|DIR/.test(option.placeholder) ? '_files' : '';
}

function renderFish(commands: readonly LoadedCommand[]): string {
  const first = [...commands.map(({ name, summary }) => [name, summary] as const), ...Object.entries(others)].map(
    ([name, summary]) =>
      `complete -c mcp-lifecycle -f -n __fish_use_subcommand -a ${name} -d ${quoteForFish(summary)}\n`,
  );
  const rest = commands.flatMap(({ name, command }) => {
    const seen = `__fish_seen_subcommand_from ${name}`;
    const { subcommands } = command;
    if (subcommands === undefined) return renderFishCommand(`${seen}${notBelowOthers(name, commands)}`, command);
    const words = Object.keys(subcommands).join(' ');
    const first = `${inFish(`${seen}; and not __fish_seen_subcommand_from ${words}`)} -f -a ${quoteForFish(words)}\n`;
    const inner = Object.entries(subcommands).flatMap(([word, one]) =>
      renderFishCommand(`${seen}; and __fish_seen_subcommand_from ${word}`, one),
    );
    return [first, ...inner];
  });
  return `# fish completion of mcp-lifecycle: mcp-lifecycle completion fish | source\n${[...first, ...rest].join('')}`;
}

/** fish sees a word wherever it stands: `check` in `policy check` is another command. */
function notBelowOthers(name: string, commands: readonly LoadedCommand[]): string {
  return commands
    .filter(({ command: { subcommands = {} } }) => Object.hasOwn(subcommands, name))
    .map((parent) => `; and not __fish_seen_subcommand_from ${parent.name}`)
    .join('');
}

function inFish(condition: string): string {
  return `complete -c mcp-lifecycle -n ${quoteForFish(condition)}`;
}

function renderFishCommand(condition: string, { options, argumentWords }: Command): readonly string[] {
  const inIt = inFish(condition);
  const words = argumentWords === undefined ? [] : [`${inIt} -f -a ${quoteForFish(argumentWords.join(' '))}\n`];
  return [
    ...words,
    ...Object.entries(options).map(([option, definition]) => `${inIt} ${toFish(option, definition)}\n`),
  ];
}

function toFish(name: string, option: CommandOption): string {
  const values = valuesOf(option);
  const short = option.short === undefined ? '' : `-s ${option.short} `;
  const value = values === undefined ? '' : `-x ${values.length === 0 ? '' : `-a ${quoteForFish(values.join(' '))} `}`;
  return `${short}-l ${name} ${value}-d ${quoteForFish(option.help)}`;
}

function quoteForFish(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
