import { gatewaySettingsOf } from '../core/engine/facts.ts';
import type { Policy } from '../core/engine/policy.ts';
import type { GatewaySettings } from '../core/mcpserver/gateway.ts';
import { parseImageReference } from '../core/mcpserver/image-reference.ts';
import type { ExpansionInput } from '../core/resources/expanded-kind.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { renderYaml } from '../platform/manifests/render-yaml.ts';
import { choosePolicy, policyOption, renderProblems } from './chosen-policy.ts';
import { defineCommand } from './command.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { gatherInput, type Input } from './gather.ts';
import { gatherRendered, inputOptions, judgeInputNames, nameInput } from './input-options.ts';
import { namesOf } from './names-of.ts';
import { namespaceOption } from './namespace-option.ts';
import { renderProblem, renderText } from './outputs/text.ts';
import { toStoredServer } from './stored-server.ts';
import { judgeInput, type JudgedInput, type JudgedManifest, type Located } from './report.ts';
import { validateOption } from './validate-option.ts';

/** What `render --output` takes; the first is the default. */
const objectOutputs = {
  yaml: renderYaml,
  json: renderList,
} as const satisfies Readonly<Record<string, (objects: readonly unknown[]) => string>>;

/** Shows what the reconciler would build. A server that the cluster would refuse is not built. */
export const render = defineCommand({
  synopsis: 'render [options] PATH…',
  description: `Prints each MCPServer as a cluster stores it, and the objects that it becomes. What depends on the cluster is left out:
owner references, the digest of referenced ConfigMaps and Secrets, the digest of what was applied. Objects of optional
kinds are printed as for a cluster that has them, and an installation that uses them; an HTTPRoute where the ConfigMap
that names its Gateway is in the input. PATH as in check.
`,
  examples: ['render deploy/search.yaml'],
  options: {
    output: { type: 'choice', choices: namesOf(objectOutputs), short: 'o', help: 'documents, or one List' },
    ...inputOptions,
    namespace: namespaceOption,
    validate: validateOption,
    policy: policyOption,
    image: {
      type: 'text',
      placeholder: 'REF',
      default: '',
      help: 'image of mcp-lifecycle in the pods of servers for stdio, as values image.* of the chart name it (default mcp-lifecycle:VERSION)',
    },
  },
  exitCodes: { clean: 'rendered', found: 'refused (the findings are on standard error)' },
  judgeArguments: (paths, values) => judgeInputNames(paths, values) ?? judgeImage(values.image),
  async run({ values, positionals: paths }, { readStdin, writeOut, writeError, env, readVersion }) {
    const { namespace, output, validate } = values;
    const chosen = await choosePolicy(values.policy, readStdin);
    if (chosen.type === 'refused') {
      writeError(renderProblems(chosen.problems));
      return exitCodes.unusable;
    }
    writeError(renderProblems(chosen.ignored));
    const input = await gatherInput({
      ...{ paths, namespace, readStdin },
      rendered: await gatherRendered(values, { namespace, env }),
    });
    const { problems, servers } = input;
    for (const problem of problems) writeError(`${renderProblem(problem)}\n`);
    if (servers.length === 0 && problems.length === 0) {
      writeError(`no MCPServer in ${nameInput(paths, values)}\n`);
      return exitCodes.unusable;
    }
    const judgement = judgeInput(input, { policy: chosen.policy, namespace, validate, now: new Date().toISOString() });
    const refused = judgement.judged.flatMap(({ located }) => located.filter(isDenial));
    if (refused.length > 0) writeError(renderRefused(refused, input, judgement));
    const ownImage = values.image === '' ? `mcp-lifecycle:${tagOf(await readVersion?.())}` : values.image;
    const as = { namespace, ownImage, compatibility: chosen.policy.compatibility };
    const settingsOf = ({ server, checked }: JudgedManifest): GatewaySettings | undefined =>
      server && gatewaySettingsOf(server, input.facts.in(checked.namespace));
    const rendered = judgement.judged.flatMap((judged) => expand(judged, { ...as, gateway: settingsOf(judged) }));
    writeOut(objectOutputs[output](rendered));
    return exitCodeOf({
      type: 'done',
      severities: refused.map(({ finding }) => finding.severity),
      failOn: 'deny',
      isIncomplete: problems.length > 0,
    });
  },
});

function judgeImage(image: string): string | undefined {
  const parsed = image === '' ? undefined : parseImageReference(image);
  return parsed?.ok === false ? `--image ${parsed.problem}: ${parsed.remedy}` : undefined;
}

/** The release, as images are tagged: `+` and what is behind it says how it was built, and no tag has one. */
function tagOf(version = 'latest'): string {
  return version.split('+', 1).join('');
}

function isDenial({ finding }: Located): boolean {
  return finding.severity === 'deny';
}

/** As `check` would, for people. */
function renderRefused(
  findings: readonly Located[],
  { problems }: Input,
  { judged, rulesNotJudgedFor }: JudgedInput,
): string {
  const unsaid = { others: 0, notChecked: [], featuresNotChecked: [], rulesNotJudged: [] };
  const report = {
    ...unsaid,
    servers: judged.length,
    checked: judged.map(({ checked }) => checked),
    findings,
    rulesNotJudgedFor,
    problems,
  };
  return renderText(report, { hasColour: false, isFile: false, failOn: 'deny' });
}

/** One JSON document that kubectl takes, as `kubectl get --output json` prints several objects. */
function renderList(items: readonly unknown[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`;
}

/** What runs has every default; what is stored has only those that its author cannot contradict later. */
function expand(
  { server, findings, manifest }: JudgedManifest,
  { namespace, ...as }: ExpandOptions,
): readonly unknown[] {
  if (server === undefined || findings.some(({ severity }) => severity === 'deny')) return [];
  return [toStoredServer(manifest.value, namespace, as.compatibility), ...buildChildren({ server, ...as })];
}

interface ExpandOptions {
  readonly compatibility: Policy['compatibility'];
  readonly namespace: string;
  /** Ours. */
  readonly ownImage: string;
  /** Of the ConfigMap of the input that the server names. */
  readonly gateway: GatewaySettings | undefined;
}

/** In the order of the kinds, those that are wanted; of optional kinds as in a cluster that has them. */
function buildChildren(input: ExpansionInput): readonly unknown[] {
  return expandedKinds.flatMap((kind) => kind.build(input));
}
