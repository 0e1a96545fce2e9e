import { oneLine, printable } from '../core/engine/text.ts';
import { parseImageReference } from '../core/mcpserver/image-reference.ts';
import { renderYaml } from '../platform/manifests/render-yaml.ts';
import { readImageConfig, registryOf, type ImageConfig } from '../platform/registry/image-config.ts';
import { isThisMachine } from '../platform/registry/registry-client.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';

/** Most words of `spec.extensions.stdio.command` (crds/source/mcpserver.yaml). */
const maxWords = 64;

/** Reads from a registry what Kubernetes does not tell: what an image would start. */
export const stdioResolve = defineCommand({
  synopsis: 'stdio resolve [options] IMAGE',
  description: `Reads from its registry what an image starts (ENTRYPOINT and CMD) and prints it as the command of a server for stdio, to be merged
into its MCPServer, with what may keep it from working. Only descriptions of the image are read, with your own credentials where the registry wants any: those
of docker login or podman login ($DOCKER_CONFIG, $REGISTRY_AUTH_FILE), credential helpers included. Whether the program speaks MCP nobody asks it.
`,
  examples: ['stdio resolve registry.example.com/tools/search-mcp:1.4.0'],
  options: {
    platform: {
      type: 'text',
      placeholder: 'OS/ARCH',
      default: 'linux/amd64',
      help: 'of which of its images',
    },
    'insecure-registry': { type: 'flag', help: 'ask a registry on this machine (localhost) over plain HTTP' },
  },
  exitCodes: { clean: 'printed', found: 'the image says no command' },
  judgeArguments: (named, { platform, 'insecure-registry': allowsInsecure }) => {
    if (named.length !== 1) return `stdio resolve takes one image, found ${named.length}`;
    const parsed = parseImageReference(named[0] ?? '');
    if (!parsed.ok) return `the image reference ${parsed.problem}: found ${printable(parsed.found)}. ${parsed.remedy}`;
    const registry = registryOf(parsed.reference);
    if (allowsInsecure && !isThisMachine(registry.replace(/:\d+$/, '')))
      return `--insecure-registry is for a registry on this machine (localhost): leave it out for ${printable(registry)}, which is asked over TLS only`;
    return /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(platform)
      ? undefined
      : `--platform takes an operating system and an architecture, as linux/arm64: not '${printable(platform)}'`;
  },
  async run({ values, positionals: [image = ''] }, { env, writeOut, writeError }) {
    const parsed = parseImageReference(image);
    // Judged before.
    if (!parsed.ok) return exitCodes.unusable;
    const { platform, 'insecure-registry': allowsInsecure } = values;
    const read = await readImageConfig({ reference: parsed.reference, platform, allowsInsecure, env });
    if (read.type === 'failed') {
      writeError(`${printable(image)}: ${printable(read.why)}\n`);
      return exitCodes.unusable;
    }
    const { config } = read;
    const command = [...config.entrypoint, ...config.cmd];
    if (command.length === 0 || command.length > maxWords) {
      writeError(`${printable(image)}: ${command.length === 0 ? nothingSaid : tooManyWords}\n`);
      return exitCodes.found;
    }
    const notes = notesOn(config).map((note) => `# ${note}\n`);
    writeOut(
      `${headerOf(image, config)}${notes.join('')}${renderYaml([{ spec: { extensions: { stdio: { command } } } }])}`,
    );
    return exitCodes.clean;
  },
});

const nothingSaid =
  'it has neither ENTRYPOINT nor CMD, so it starts nothing by itself: its documentation says which program serves stdio, for spec.extensions.stdio.command';
const tooManyWords = `its ENTRYPOINT and CMD are more than the ${maxWords} words that spec.extensions.stdio.command takes`;

/** Longest text of an image that is repeated, in characters. */
const maxTextLength = 200;

function headerOf(image: string, { platform, digest, entrypoint, cmd, workingDir }: ImageConfig): string {
  const parts = [
    `ENTRYPOINT ${listOf(entrypoint)}`,
    `CMD ${listOf(cmd)}`,
    ...(workingDir === '' ? [] : [`WORKDIR ${oneLine(workingDir, maxTextLength)}`]),
  ];
  return `# ${oneLine(image, 400)} (${platform}, ${digest})\n# ${parts.join(', ')}\n`;
}

function listOf(words: readonly string[]): string {
  return oneLine(JSON.stringify(words), maxTextLength);
}

const shells = new Set(['sh', 'bash', 'ash', 'dash']);

/** What may keep it from working, a line each. */
function notesOn({ entrypoint, cmd, workingDir, user, exposedPorts }: ImageConfig): readonly string[] {
  const [program = '', flag = ''] = [...entrypoint, ...cmd];
  const name = program.slice(program.lastIndexOf('/') + 1);
  const isShellForm = shells.has(name) && flag === '-c';
  const isRelative = program.includes('/') && !program.startsWith('/');
  return [
    ...(isShellForm
      ? [
          'The shell form: a shell of the image starts the program. Better name the program itself, so that it hears when its session ends.',
        ]
      : []),
    ...(isRelative
      ? [
          `The program is looked for in ${workingDir === '' ? '/' : oneLine(workingDir, maxTextLength)}: leave cwd out, or make the path absolute.`,
        ]
      : []),
    ...(entrypoint.length > 0 && cmd.length > 0
      ? ['CMD are arguments that people often replace: look whether they are for stdio.']
      : []),
    ...(exposedPorts.length === 0
      ? []
      : [
          `It exposes ${oneLine(exposedPorts.join(', '), maxTextLength)}: perhaps it serves HTTP unless told otherwise, and needs no stdio.`,
        ]),
    ...noteOnUser(user),
  ];
}

/** The restricted defaults let no image run as root, and kubelets read no names of users. */
function noteOnUser(user: string): readonly string[] {
  const [id = ''] = user.split(':');
  if (/^[1-9]\d*$/.test(id)) return [];
  const who =
    id === '' || id === '0' || id === 'root'
      ? 'It runs as root'
      : `Its user ${oneLine(id, maxTextLength)} is a name, which nodes do not look up`;
  return [`${who}: set spec.runtime.security.podSecurityContext.runAsUser to a number, as 65532.`];
}
