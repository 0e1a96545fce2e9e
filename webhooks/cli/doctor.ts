import { printable } from '../core/engine/text.ts';
import { defineCommand } from './command.ts';
import { connectOne } from './connect-contexts.ts';
import { diagnose } from './doctor-checks.ts';
import { lineLevels, type DoctorLine, type LineLevel } from './doctor-line.ts';
import { surveyCluster } from './doctor-survey.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { toJson } from './outputs/to-json.ts';
import { doctorSchemaVersion } from './schemas/doctor.ts';

interface Diagnosis {
  readonly context: string;
  readonly lines: readonly DoctorLine[];
}

/** What `doctor --output` takes; the first is the default. */
const outputs = {
  text: renderDiagnosis,
  json: renderJson,
} as const satisfies Readonly<Record<string, (diagnosis: Diagnosis) => string>>;

/** From which level on a line fails the command. */
const failing = { problem: ['problem'], warning: ['problem', 'warning'] } as const satisfies Readonly<
  Record<string, readonly LineLevel[]>
>;

/** Whether mcp-lifecycle is well in a cluster. */
export const doctor = defineCommand({
  synopsis: 'doctor [options]',
  description: `Says what of mcp-lifecycle a cluster has (release, pods, webhooks, certificates, CustomResourceDefinition and whose it is, policy,
optional APIs, MCPServers), and of what is wrong or will be what to do. What you may not read is said to be not known, and is no
failure. Nothing is changed; of the Secret with the certificate, its date alone is told.
`,
  examples: ['doctor --context staging'],
  options: {
    output: { type: 'choice', choices: namesOf(outputs), short: 'o', help: 'for people, or for programs' },
    'fail-on': { type: 'choice', choices: namesOf(failing), help: 'the least that fails' },
    context: { type: 'text', placeholder: 'NAME', default: '', help: 'of the kubeconfig; its current one' },
  },
  exitCodes: { clean: 'nothing is wrong', found: 'something is, at or above --fail-on' },
  judgeArguments: (words) => (words.length === 0 ? undefined : `takes no argument, found ${words.join(' ')}`),
  async run({ values }, { writeOut, writeError, readVersion }) {
    const cluster = await connectOne(values.context, { writeError });
    if (cluster === undefined) return exitCodes.unusable;
    const version = (await readVersion?.()) ?? '0.0.0';
    const survey = await surveyCluster(cluster, { version, now: new Date() });
    if (survey.type === 'lost') {
      writeError(`${printable(`context ${cluster.context}: ${survey.because}`)}\n`);
      return exitCodes.unusable;
    }
    const lines = diagnose(survey);
    writeOut(outputs[values.output]({ context: cluster.context, lines }));
    const fails: readonly LineLevel[] = failing[values['fail-on']];
    return lines.some(({ level }) => fails.includes(level)) ? exitCodes.found : exitCodes.clean;
  },
});

const severalOf = {
  problem: 'problems',
  warning: 'warnings',
  unknown: 'unknown',
  note: 'notes',
  ok: 'ok',
} as const satisfies Record<LineLevel, string>;

const levelWidth = Math.max(...lineLevels.map(({ length }) => length));

function renderDiagnosis({ lines }: Diagnosis): string {
  const indent = ' '.repeat(levelWidth + 2);
  const told = lines.map(({ level, found, remedy }) => {
    const what = remedy === undefined ? '' : `${indent}${remedy}\n`;
    return `${level.padEnd(levelWidth)}  ${found}.\n${what}`;
  });
  const counts = lineLevels.flatMap((level) => {
    const many = countOf(lines, level);
    return many === 0 ? [] : [`${many} ${many === 1 ? level : severalOf[level]}`];
  });
  return `${told.join('')}${counts.join(', ')}\n`;
}

function renderJson({ context, lines }: Diagnosis): string {
  return toJson({
    schemaVersion: doctorSchemaVersion,
    context,
    ...Object.fromEntries(lineLevels.map((level) => [level, countOf(lines, level)])),
    lines,
  });
}

function countOf(lines: readonly DoctorLine[], level: LineLevel): number {
  return lines.filter((line) => line.level === level).length;
}
