import { parseArgs } from 'node:util';
import { ClusterFailure } from './failure.ts';
import type { ClusterOptions, ProviderChoice } from './settings.ts';

export type Command =
  | { readonly verb: 'up' | 'down' | 'status' | 'env' | 'help'; readonly options: ClusterOptions }
  | { readonly verb: 'load'; readonly options: ClusterOptions; readonly image: string }
  | { readonly verb: 'exec'; readonly options: ClusterOptions; readonly command: readonly string[] };

export const usage = `usage: npm run cluster -- COMMAND [flags]

  up                start a real Kubernetes on this machine and wait until it works; safe to repeat
  down              end it and remove all that it made (the cache of built programs stays)
  status            what runs, with pid and health; exit code 1 if the cluster is not up
  env               shell lines to use it: eval "$(npm run --silent cluster -- env)"
  load IMAGE        make an image known to the nodes: an OCI archive, or a name in buildah's store
  exec -- CMD ...   run CMD where pod and Service addresses can be reached

  --name NAME             which cluster (default local)
  --state DIR             where clusters keep their files (default $XDG_STATE_HOME/mcp-lifecycle, ~/.local/state/mcp-lifecycle)
  --port PORT             loopback port of the API (default 6443, or the next free one)
  --pod-cidr RANGE        addresses of pods (default 10.244.0.0/16)
  --service-cidr RANGE    addresses of Services (default 10.96.0.0/16)
  --provider WAY          packages, kind, or auto: kind where Docker answers, else packages (default auto)
  --kubeconfig FILE       use the existing cluster of this file; nothing is created in it
  --context NAME          the context in that file (default its current one)
`;

/** Parses what follows `main.ts` on the command line. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseFlags(args);
  const [verb, ...rest] = positionals;
  const options = toOptions(values);
  if (values.help === true) return { verb: 'help', options };
  switch (verb) {
    case undefined:
    case 'help':
      return { verb: 'help', options };
    case 'up':
    case 'down':
    case 'status':
    case 'env':
      if (rest.length > 0) throw new ClusterFailure(`\`${verb}\` takes no "${rest.join(' ')}": leave it out.`);
      return { verb, options };
    case 'load':
      return { verb, options, image: requireOne(rest) };
    case 'exec':
      if (rest.length === 0) throw new ClusterFailure('`exec` needs a command: exec -- CMD ...');
      return { verb, options, command: rest };
    default:
      throw new ClusterFailure(`"${verb}" is not a command: use up, down, status, env, load or exec.`);
  }
}

const flagTypes = {
  name: { type: 'string' },
  state: { type: 'string' },
  port: { type: 'string' },
  'pod-cidr': { type: 'string' },
  'service-cidr': { type: 'string' },
  provider: { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type FlagValues = {
  readonly [Flag in keyof typeof flagTypes]?: (typeof flagTypes)[Flag]['type'] extends 'boolean' ? boolean : string;
};

function parseFlags(args: readonly string[]): { readonly values: FlagValues; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: flagTypes, allowPositionals: true });
  } catch (error) {
    // Node's message is "TypeError [CODE]: what is wrong. And more advice than helps here".
    const reason = /: (.*?)(\. |$)/.exec(String(error))?.[1] ?? 'A flag is wrong';
    throw new ClusterFailure(`${reason}: \`npm run cluster -- help\` lists the flags.`, { cause: error });
  }
}

function toOptions(values: FlagValues): ClusterOptions {
  return {
    ...optional('name', values.name),
    ...optional('state', values.state),
    ...optional('port', values.port === undefined ? undefined : parsePort(values.port)),
    ...optional('podCidr', values['pod-cidr']),
    ...optional('serviceCidr', values['service-cidr']),
    ...optional('provider', values.provider === undefined ? undefined : parseProvider(values.provider)),
    ...optional('kubeconfig', values.kubeconfig),
    ...optional('context', values.context),
  };
}

function optional<K extends keyof ClusterOptions>(key: K, value: ClusterOptions[K]): Pick<ClusterOptions, K> | object {
  return value === undefined ? {} : { [key]: value };
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= 65535) return port;
  throw new ClusterFailure(`--port ${text} is not a port: give a number from 1 to 65535.`);
}

function parseProvider(text: string): ProviderChoice {
  if (text === 'auto' || text === 'packages' || text === 'kind') return text;
  throw new ClusterFailure(`--provider ${text} does not exist: use auto, packages or kind.`);
}

function requireOne(images: readonly string[]): string {
  const [image, ...more] = images;
  if (image === undefined || more.length > 0) throw new ClusterFailure('`load` takes one image: load IMAGE.');
  return image;
}
