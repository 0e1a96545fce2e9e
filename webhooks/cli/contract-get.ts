import { shownName } from '../core/contract/listed-tools.ts';
import type { ToolHints } from '../core/contract/tool.ts';
import { oneLine, printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { countTools, judgeIgnored, maxLockBytes, toLockText } from './contract-lock.ts';
import type { LockedContract } from './contract-lock.ts';
import {
  judgeOneSource,
  judgeSourceOptions,
  readSource,
  sourceNamed,
  sourceOptions,
  tellUnread,
} from './contract-source.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { count } from './outputs/told.ts';

/** What `contract get --output` takes; the first is the default. */
const outputs = {
  text: renderText,
  json: toLockText,
} as const satisfies Readonly<Record<string, (locked: LockedContract) => string | undefined>>;

/** Shows what a server offers, or writes it down for later. */
export const contractGet = defineCommand({
  synopsis: 'contract get [options] SOURCE',
  description: `Lists the tools of a server, with the digest of their contract. SOURCE is the URL of its endpoint, mcpserver/NAME of a cluster (one of its pods is
asked through the API server, as kubectl port-forward does), or a lock file (- for standard input), or what kubectl get mcpserver NAME -o json printed;
with --stdio it is a command, behind --. The output json is a lock file: commit it, and have contract verify compare.
`,
  examples: [
    'contract get --output json https://search.example.com/mcp',
    'contract get --namespace tools mcpserver/search',
  ],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or a lock file' },
    ignore: {
      type: 'texts',
      placeholder: 'POINTER',
      help: 'JSON pointer into each tool that is no part of the contract, as /_meta; may be repeated',
    },
    ...sourceOptions,
  },
  exitCodes: { clean: 'listed' },
  judgeArguments: (named, values) => {
    const wrong = judgeOneSource(named, values);
    if (wrong !== undefined) return wrong;
    const tooMuch = judgeIgnored(values.ignore);
    if (tooMuch !== undefined) return `--ignore: ${tooMuch}`;
    const pointer = values.ignore.find((one) => !/^\/./.test(one) || one === '/name');
    if (pointer !== undefined) return `--ignore takes a JSON pointer into a tool, but for its name: not '${pointer}'`;
    if (values.ignore.length > 0 && sourceNamed(named, values).type === 'file') {
      return '--ignore is for servers: a lock file has what it ignores in it';
    }
    return judgeSourceOptions(values, [sourceNamed(named, values)]);
  },
  async run({ values, positionals }, terminal) {
    const source = sourceNamed(positionals, values);
    const read = await readSource(source, { values, ignore: values.ignore }, terminal);
    if (read.type === 'problem') {
      tellUnread(source, read.why, terminal);
      return exitCodes.unusable;
    }
    const text = outputs[values.output](read.locked);
    if (text === undefined) {
      tellUnread(source, whyNoLock(read.locked), terminal);
      return exitCodes.unusable;
    }
    terminal.writeOut(text);
    return exitCodes.clean;
  },
});

function whyNoLock({ tools }: LockedContract): string {
  return tools === undefined
    ? 'has no whole tools in its status: name the server itself, as mcpserver/NAME'
    : `has more than the ${maxLockBytes} bytes of a lock file`;
}

/** Longest name that is shown whole, in characters: the specification asks for no longer ones. */
const maxNameLength = 128;

function renderText(locked: LockedContract): string {
  const { compared, ignore } = locked;
  const lines = compared.tools.map(
    (tool) =>
      `${tool.interface.slice(0, 8)}  ${hintOf(tool).padEnd(widest)}  ${oneLine(shownName(tool.name), maxNameLength)}`,
  );
  const ignored = ignore.length === 0 ? '' : `, without ${ignore.map(printable).join(', ')}`;
  const verdict = `${count(countTools(locked), 'tool')}${ignored}: ${compared.digest}`;
  return [...lines, verdict].map((line) => `${line}\n`).join('');
}

const widest = 'destructive, open world'.length;

/** What a tool says that it does, by the worst where it says nothing. */
function hintOf({ readOnly, destructive, openWorld }: ToolHints): string {
  const does = readOnly ? 'read-only' : destructive ? 'destructive' : 'writes';
  return openWorld ? `${does}, open world` : does;
}
