/** A package that a launcher such as npx downloads and runs, by where it stands in the command line. */
export interface LaunchedPackage {
  readonly index: number;
  /** As it is written, with its version if it has one. */
  readonly text: string;
  readonly registry: 'npm' | 'PyPI';
}

/** How one launcher reads its arguments. */
interface Launcher {
  readonly registry: LaunchedPackage['registry'];
  /** The words behind the program with which it launches: `npm exec`. */
  readonly subcommands: readonly (readonly string[])[];
  /** Options whose value is a package. */
  readonly packageOptions: readonly string[];
  /** Those of them that say what is launched: the first argument then is a program of that package. */
  readonly sourceOptions: readonly string[];
  /** Others that have a value, which is no argument. */
  readonly valueOptions: readonly string[];
  /** Whether the first argument is a package, where no option names one. */
  readonly launchesArgument: boolean;
  /** Options that say what is run in place of an argument. */
  readonly callOptions: readonly string[];
}

const npmOptions = {
  registry: 'npm',
  packageOptions: ['-p', '--package'],
  sourceOptions: ['-p', '--package'],
  valueOptions: [
    '-c',
    '--call',
    '-w',
    '--workspace',
    '--registry',
    '--cache',
    '--prefix',
    '--userconfig',
    '--loglevel',
  ],
  launchesArgument: true,
  callOptions: ['-c', '--call'],
} as const;

const uvValues = [
  ...['-p', '--python', '-i', '--index-url', '--extra-index-url', '--index', '--default-index', '-f', '--find-links'],
  ...['--with-requirements', '--with-editable', '-c', '--constraints', '--overrides', '--env-file', '--cache-dir'],
  ...['--directory', '--project', '--config-file', '--link-mode', '--index-strategy', '-P', '--upgrade-package'],
  ...['--refresh-package', '--python-preference', '--prerelease', '--resolution', '--exclude-newer', '-m', '--module'],
];

const uvTool = {
  registry: 'PyPI',
  packageOptions: ['--from', '--with', '-w'],
  sourceOptions: ['--from'],
  valueOptions: uvValues,
  launchesArgument: true,
  callOptions: [],
} as const;

const pipxRun = {
  registry: 'PyPI',
  packageOptions: ['--spec', '--with'],
  sourceOptions: ['--spec'],
  valueOptions: ['--python', '--pip-args', '-i', '--index-url'],
  launchesArgument: true,
  callOptions: [],
} as const;

/** By the name of the program. https://docs.npmjs.com/cli/commands/npx, https://docs.astral.sh/uv/reference/cli, https://pipx.pypa.io */
const launchers: Readonly<Record<string, readonly Launcher[]>> = {
  npx: [{ ...npmOptions, subcommands: [[]] }],
  npm: [{ ...npmOptions, subcommands: [['exec'], ['x']] }],
  uvx: [{ ...uvTool, subcommands: [[]] }],
  uv: [
    { ...uvTool, subcommands: [['tool', 'run']] },
    // What it runs is a file of the image.
    { ...uvTool, subcommands: [['run']], sourceOptions: [], packageOptions: ['--with', '-w'], launchesArgument: false },
  ],
  pipx: [
    // What it runs is a file of the image.
    { ...pipxRun, subcommands: [['run', '--path']], launchesArgument: false },
    { ...pipxRun, subcommands: [['run']] },
  ],
};

/** The packages that a command line launches; none where its program launches none. */
export function launchedPackages(argv: readonly string[]): readonly LaunchedPackage[] {
  const found = launcherOf(argv);
  return found === undefined ? [] : packagesIn(argv, found.from, found.launcher);
}

/** Whether a command line launches, and says nothing that is to be run. */
export function launchesNothing(argv: readonly string[]): boolean {
  const found = launcherOf(argv);
  if (found?.launcher.launchesArgument !== true) return isBareLauncher(argv);
  const { packageOptions, valueOptions, callOptions } = found.launcher;
  const known = { packageOptions: [...packageOptions, ...callOptions], valueOptions };
  const { options, argument } = readArguments(argv, found.from, known);
  return argument === undefined && !options.some(({ option }) => callOptions.includes(option));
}

function isBareLauncher(argv: readonly string[]): boolean {
  return argv.length === 1 && Object.hasOwn(launchers, programOf(argv));
}

function launcherOf(argv: readonly string[]): { readonly launcher: Launcher; readonly from: number } | undefined {
  const name = programOf(argv);
  const known = Object.hasOwn(launchers, name) ? (launchers[name] ?? []) : [];
  for (const launcher of known) {
    const subcommand = launcher.subcommands.find((words) => words.every((word, index) => argv[index + 1] === word));
    if (subcommand !== undefined) return { launcher, from: 1 + subcommand.length };
  }
  return undefined;
}

function programOf([program = '']: readonly string[]): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

function packagesIn(argv: readonly string[], from: number, launcher: Launcher): readonly LaunchedPackage[] {
  const { registry, sourceOptions, launchesArgument } = launcher;
  const { options, argument } = readArguments(argv, from, launcher);
  const named = options.map(({ index, text }) => ({ index, text, registry }));
  const hasSource = options.some(({ option }) => sourceOptions.includes(option));
  const text = argument === undefined ? undefined : argv[argument];
  if (argument === undefined || text === undefined || hasSource || !launchesArgument) return named;
  return [...named, { index: argument, text, registry }];
}

interface NamedPackage {
  readonly option: string;
  readonly index: number;
  readonly text: string;
}

/** The options before the first argument, which is where it ends: what follows is for the server. */
function readArguments(
  argv: readonly string[],
  from: number,
  { packageOptions, valueOptions }: Pick<Launcher, 'packageOptions' | 'valueOptions'>,
): { readonly options: readonly NamedPackage[]; readonly argument: number | undefined } {
  const options: NamedPackage[] = [];
  for (let index = from; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') return { options, argument: argv[index + 1] === undefined ? undefined : index + 1 };
    if (!word.startsWith('-')) return { options, argument: index };
    const [option = '', ...value] = word.split('=');
    const isNamed = packageOptions.includes(option);
    if (value.length > 0) {
      if (isNamed) options.push({ option, index, text: value.join('=') });
    } else if (isNamed) {
      index += 1;
      options.push({ option, index, text: argv[index] ?? '' });
    } else if (valueOptions.includes(option)) index += 1;
  }
  return { options, argument: undefined };
}
