import type { CompositeKind } from '../core/composites/composite-kind.ts';
import { compositeKinds } from '../core/composites/composite-kinds.ts';
import { countComposites } from './composite-row.ts';
import type { DoctorLine } from './doctor-line.ts';
import type { Survey } from './doctor-survey.ts';

const topic = 'composites';

/** Whether what becomes MCPServers is followed, and how it is; nothing where nobody uses such kinds. */
export function checkComposites(survey: Survey): readonly DoctorLine[] {
  const { composites } = survey;
  return [
    ...compositeKinds.flatMap((of) => checkKind(of, survey)),
    ...composites.problems.map(({ message }): DoctorLine => ({
      ...{ topic, level: 'problem', found: `Not known how all objects of mcp.v2dy.io are: ${message}` },
      remedy: 'Try again; if it stays so, look at the API server and its log',
    })),
    ...composites.notes.map(({ message }): DoctorLine => ({
      ...{ topic, level: 'unknown', found: `Not known how objects of mcp.v2dy.io are: ${message}` },
      remedy: 'Ask somebody who may list them in every namespace',
    })),
  ];
}

function checkKind(of: CompositeKind, { composites, features }: Survey): readonly DoctorLine[] {
  const { kind, group, plural, feature } = of;
  const isServed = composites.kinds.includes(of);
  const isOn = features?.includes(feature);
  if (!isServed) {
    if (isOn !== true || composites.problems.length > 0) return [];
    const found = `${feature}.enabled is set, and the cluster has no ${plural}.${group}: nothing of that kind can be written`;
    const remedy = 'helm upgrade with crds.enabled=true installs its CustomResourceDefinition';
    return [{ topic, level: 'problem', found, remedy }];
  }
  const rows = composites.rows.filter((row) => row.kind === `${kind}.${group}`);
  if (rows.length === 0) return [];
  const counted = countComposites(rows).join('');
  if (isOn === false) {
    const found = `${rows.length} ${kind}.${group}, and ${feature}.enabled is not set: nobody follows or judges them; what they became stays as it is`;
    const remedy = `Set ${feature}.enabled=true; or let go of what they became with kubectl delete ${plural}.${group} --all --cascade=orphan, in each namespace`;
    return [{ topic, level: 'warning', found, remedy }];
  }
  const remedy = 'mcp-lifecycle status --all-namespaces says why';
  return rows.some(({ state }) => state === 'Failed')
    ? [{ topic, level: 'warning', found: counted, remedy }]
    : [{ topic, level: 'ok', found: counted }];
}
