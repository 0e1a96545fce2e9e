import { parseArgs } from 'node:util';
import { ManifestsFailure } from './failure.ts';

export interface Flags {
  readonly help: boolean;
  /** Reference of the image, as nodes pull it. */
  readonly image: string;
  readonly namespace: string;
  /** Where the manifests go; `-` is the standard output. */
  readonly output: string;
  /** For helm as they are: values of the chart. */
  readonly values: readonly string[];
}

export const usage = `usage: npm run manifests -- --image REFERENCE [flags]

Writes one file for \`kubectl apply --filename\`: the chart without Helm.

  --image REFERENCE      registry.example.com/platform/mcp-lifecycle:0.1.0, with a tag, a digest or both; it has to be
                         given: no image is published yet
  --namespace NAMESPACE  where the programs run (default mcp-lifecycle-system)
  --output FILE          default dist/install.yaml; - is the standard output
  --set KEY=VALUE        a value of the chart (chart/values.yaml); may be repeated
  --values FILE          a file with values of the chart; may be repeated
`;

const flagTypes = {
  image: { type: 'string' },
  namespace: { type: 'string' },
  output: { type: 'string' },
  set: { type: 'string', multiple: true },
  values: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const;

interface FlagValues {
  readonly image?: string;
  readonly namespace?: string;
  readonly output?: string;
  readonly set?: readonly string[];
  readonly values?: readonly string[];
  readonly help?: boolean;
}

/** Throws a {@link ManifestsFailure} for what it does not understand. */
export function parseFlags(args: readonly string[]): Flags {
  const { image, set = [], values = [], help = false, ...where } = parse(args);
  const { namespace = 'mcp-lifecycle-system', output = 'dist/install.yaml' } = where;
  if (image === undefined && !help)
    throw new ManifestsFailure('--image is missing: no image is published yet, so name the one that you pushed.');
  return {
    ...{ help, namespace, output, image: image ?? '' },
    values: [...values.flatMap((file) => ['--values', file]), ...set.flatMap((setting) => ['--set', setting])],
  };
}

function parse(args: readonly string[]): FlagValues {
  try {
    return parseArgs({ args: [...args], options: flagTypes }).values;
  } catch (error) {
    // Node's message is "TypeError [CODE]: what is wrong. And more advice than helps here".
    const reason = /: (.*?)(\. |$)/.exec(String(error))?.[1] ?? 'A flag is wrong';
    throw new ManifestsFailure(`${reason}: \`npm run manifests -- --help\` lists the flags.`, { cause: error });
  }
}

/** The values of the chart that name this image. */
export function imageSettings(reference: string): readonly string[] {
  const {
    name,
    tag = '',
    digest = '',
  } = /^(?<name>[^@\s]+?)(:(?<tag>[\w][\w.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(reference)?.groups ??
  {};
  if (name === undefined || (tag === '' && digest === ''))
    throw new ManifestsFailure(
      `--image ${reference} names no image: write REGISTRY/REPOSITORY:TAG or …@sha256:DIGEST.`,
    );
  return [
    ...['--set-string', 'global.imageRegistry='],
    ...['--set-string', 'image.registry='],
    ...['--set-string', `image.repository=${name}`],
    ...['--set-string', `image.tag=${tag}`],
    ...['--set-string', `image.digest=${digest}`],
  ];
}
