import type { ApiStates } from '../core/engine/installation.ts';
import { oneLine } from '../core/engine/text.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional, lackOf, missingBeside, stateOf, type OptionalKind } from '../core/resources/optional-kind.ts';
import { isLevel, levelNamedIn } from '../platform/kube/follow-log-level.ts';
import { listAt, metaOf, stringAt } from '../platform/kube/object.ts';
import { logLevels } from '../platform/log.ts';
import { checkAdmissionPolicy } from './doctor-admission-policy.ts';
import { checkComposites } from './doctor-composites.ts';
import { checkCrd } from './doctor-crd.ts';
import { bounded, notKnown, type DoctorLine, type Topic } from './doctor-line.ts';
import { checkNetwork } from './doctor-network.ts';
import { checkLeader, checkPods } from './doctor-pods.ts';
import { checkRelease } from './doctor-release.ts';
import type { Look, Survey } from './doctor-survey.ts';
import { checkCertificate, checkWebhooks, namespacesIn } from './doctor-webhooks.ts';
import { environmentOf } from './installation.ts';
import { renderJudgedBy } from './judged-by.ts';
import { renderProblem } from './outputs/text.ts';
import { count } from './outputs/told.ts';
import type { ReadStates } from './status-read.ts';
import type { ServerRow } from './status-state.ts';

type Check = (survey: Survey) => readonly DoctorLine[];

/** In the order in which they are told. */
const checks: Readonly<Record<Topic, Check>> = {
  kubernetes: checkKubernetes,
  crd: checkCrd,
  release: checkRelease,
  pods: checkPods,
  webhooks: (survey) => [...checkWebhooks(survey), ...checkAdmissionPolicy(survey)],
  certificate: checkCertificate,
  leader: checkLeader,
  policy: checkPolicy,
  apis: checkApis,
  network: checkNetwork,
  log: checkLog,
  servers: checkServers,
  composites: checkComposites,
};

/** Pure: everything that it says follows from what was seen. */
export function diagnose(survey: Survey): readonly DoctorLine[] {
  return Object.values(checks).flatMap((check) => check(survey).map(bounded));
}

/** Oldest minor version that is supported (docs/guides/install.md). */
const oldestMinor = 30;

function checkKubernetes({ context, kubernetes }: Survey): readonly DoctorLine[] {
  const topic = 'kubernetes';
  if (kubernetes.state !== 'found') return [];
  const version = stringAt(kubernetes.object, 'gitVersion') ?? 'of an unknown version';
  const found = `Context ${context} is Kubernetes ${version}`;
  const minor = Number.parseInt(stringAt(kubernetes.object, 'minor') ?? '', 10);
  return minor < oldestMinor
    ? [
        {
          topic,
          level: 'problem',
          found: `${found}, which is older than 1.${oldestMinor}`,
          remedy: 'Upgrade Kubernetes',
        },
      ]
    : [{ topic, level: 'ok', found }];
}

function checkPolicy({ policy, service }: Survey): readonly DoctorLine[] {
  const topic = 'policy';
  if (service === undefined) return [];
  const { chosen, problem, lacks } = policy;
  if (lacks !== undefined) {
    const because = 'because' in chosen.by ? (chosen.by.because ?? '') : '';
    return [notKnown(topic, { what: 'which policy is in force', seen: { state: 'unknown', because }, right: lacks })];
  }
  if (problem !== undefined) {
    return [
      {
        topic,
        level: 'problem',
        found: renderProblem(problem),
        remedy: 'Mend it: mcp-lifecycle policy check says what is wrong',
      },
    ];
  }
  const found = `Policy: ${renderJudgedBy(chosen.by)}`;
  if (chosen.ignored.length === 0) return [{ topic, level: 'ok', found }];
  const [first] = chosen.ignored;
  const ignored = `${found}; ${count(chosen.ignored.length, 'part')} of it without effect, first ${first === undefined ? '' : renderProblem(first)}`;
  return [{ topic, level: 'warning', found: ignored, remedy: 'Correct it, or upgrade to a release that knows it' }];
}

function checkApis({ apis, apiVersions, failedApis, installation: { deployment } }: Survey): readonly DoctorLine[] {
  const topic = 'apis';
  if (deployment.state !== 'found') return [];
  return expandedKinds.filter(isOptional).map((of): DoctorLine => {
    const state = stateOf(of, apis);
    const failure = failedApis.get(of.kind);
    if (failure !== undefined) {
      const what = `whether the cluster has ${of.kind} (${of.apiVersion})`;
      return notKnown(topic, { what, ...failure });
    }
    const lack = lackOf(of, state);
    const served = `${of.kind} (${apiVersions.get(of.kind) ?? of.apiVersion}) is there`;
    const missing = missingBeside(of, expandedKinds, apis);
    if (lack === undefined && missing !== undefined)
      return { topic, level: 'note', found: `${served}, and not used without ${missing}` };
    if (lack === undefined) return { topic, level: 'ok', found: `${served} and used` };
    const found = `${of.kind}: ${lack.what}`;
    if (state === 'off') return { topic, level: 'note', found };
    if (state === 'absent' && hasOther(of, apis)) return { topic, level: 'note', found };
    return { topic, level: state === 'unknown' ? 'unknown' : 'warning', found, remedy: lack.fix };
  });
}

/** Whether the one of two kinds is there of which the other is the substitute. */
function hasOther({ kind, requirement }: OptionalKind, apis: ApiStates): boolean {
  return expandedKinds
    .filter(isOptional)
    .filter((other) => other.requirement.insteadOf === kind || requirement.insteadOf === other.kind)
    .some((other) => stateOf(other, apis) === 'served');
}

/** Longest word that is shown of what is none, in characters. */
const maxLevelLength = 40;

function checkLog({ installation: { deployment, logging } }: Survey): readonly DoctorLine[] {
  const topic = 'log';
  if (deployment.state !== 'found') return [];
  if (logging.state === 'unknown') {
    const right = `get configmaps in ${metaOf(deployment.object).namespace}`;
    return [notKnown(topic, { what: 'whether somebody has changed the log level', seen: logging, right })];
  }
  if (logging.state === 'missing') return [];
  const configured = environmentOf(deployment.object)?.get('LOG_LEVEL') ?? '';
  const named = levelNamedIn(logging.object);
  if (named === undefined)
    return [{ topic, level: 'ok', found: `The log level is ${configured}, as the chart has it` }];
  const { namespace, name } = metaOf(logging.object);
  const where = `ConfigMap ${namespace}/${name}`;
  if (isLevel(named)) {
    return [
      { topic, level: 'note', found: `The log level is ${named}, as ${where} says; the chart has ${configured}` },
    ];
  }
  const found = `${where} says ${oneLine(named, maxLevelLength)}, which is no log level: pods stay at the one that they have, and begin with ${configured}, as the chart has it`;
  return [{ topic, level: 'warning', found, remedy: `Write one of ${logLevels.join(', ')} there, or nothing` }];
}

/** Of the MCPServers that were not read. */
function ofUnread(which: string, because: string, lack: ReadStates['lack']): DoctorLine {
  const what = `how ${which} are`;
  if (lack === 'room') {
    const remedy = 'Ask namespace by namespace: mcp-lifecycle status --namespace NAME';
    return { topic: 'servers', level: 'unknown', found: `Not known ${what}: ${because}`, remedy };
  }
  const seen = { state: 'unknown', because, ...(lack === 'right' ? {} : { isFailure: true }) } as const;
  return notKnown('servers', { what, seen, right: 'list mcpservers in every namespace' });
}

function checkServers({ servers: { rows, problem, lack }, validating, crd }: Survey): readonly DoctorLine[] {
  // That is told of the CustomResourceDefinition.
  if (problem !== undefined && crd.state === 'missing') return [];
  const which = rows.length === 0 ? 'the MCPServers' : 'the other MCPServers';
  const unread = problem === undefined ? [] : [ofUnread(which, problem.message, lack)];
  return problem !== undefined && rows.length === 0
    ? unread
    : [countStates(rows, problem === undefined), ...unread, ...outsideOf(rows, validating)];
}

function countStates(rows: readonly ServerRow[], isAll: boolean): DoctorLine {
  const topic = 'servers';
  const of = (state: string): number => rows.filter((row) => row.state === state).length;
  const all = `${count(rows.length, 'MCPServer')}${isAll ? '' : ' and more'}`;
  const found = `${all}: ${of('Available')} Available, ${of('Pending')} Pending, ${of('Failed')} Failed`;
  const remedy = 'mcp-lifecycle status --all-namespaces says why';
  return of('Failed') > 0 ? { topic, level: 'warning', found, remedy } : { topic, level: isAll ? 'ok' : 'note', found };
}

/** MCPServers that are judged by nobody. */
function outsideOf(rows: readonly ServerRow[], validating: Look): readonly DoctorLine[] {
  const watched = validating.state === 'found' ? namespacesIn(listAt(validating.object, 'webhooks')[0]) : [];
  const outside = watched.length === 0 ? [] : rows.filter(({ namespace }) => !watched.includes(namespace));
  if (outside.length === 0) return [];
  const found = `${count(outside.length, 'MCPServer')} in namespaces that nobody watches: nothing judges or runs ${outside.length === 1 ? 'it' : 'them'}`;
  const remedy = 'Add the namespaces to watchNamespaces, or move them';
  return [{ topic: 'servers', level: 'warning', found, remedy }];
}
