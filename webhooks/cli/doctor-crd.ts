import { API } from '../core/mcpserver/api.ts';
import { statusStructure } from '../core/mcpserver/status-structure.gen.ts';
import { structure } from '../core/mcpserver/structure.gen.ts';
import type { StructuralSchema } from '../core/mcpserver/structural-schema.ts';
import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { notKnown, type DoctorLine } from './doctor-line.ts';
import type { Survey } from './doctor-survey.ts';

const name = `${API.plural}.${API.group}`;
const whatItIs = `CustomResourceDefinition ${name}`;

const topic = 'crd';

/** What another manager has written beside `strategy: None` is refused by the API server. */
const withoutConversion = `kubectl patch crd ${name} --type merge --patch '{"spec":{"conversion":{"strategy":"None","webhook":null}}}'`;

/** Whose the CustomResourceDefinition is, and what of ours it does not keep. */
export function checkCrd({ crd, installation }: Survey): readonly DoctorLine[] {
  switch (crd.state) {
    case 'unknown':
      return [notKnown(topic, { what: `what ${whatItIs} is like`, seen: crd, right: 'get customresourcedefinitions' })];
    case 'missing':
      return [
        {
          ...{ topic, level: 'problem', found: `There is no ${whatItIs}, so no MCPServer can be created` },
          remedy: 'Install the chart with crds.enabled=true, or apply the file in crds/ of this release',
        },
      ];
    case 'found': {
      const { deployment } = installation;
      const release = deployment.state === 'found' ? releaseOf(deployment.object) : undefined;
      return describe(crd.object, release);
    }
  }
}

function describe(crd: unknown, release: string | undefined): readonly DoctorLine[] {
  const lost = findLost(crd);
  const owner = ownerOf(crd);
  const isElsewhere = isOfSomebodyElse(crd, release);
  const who = owner === '' ? '' : `; it is ${owner}`;
  const lines: DoctorLine[] = [];
  if (lost.length > 0)
    lines.push({
      ...{ topic, level: 'problem' },
      found: `${whatItIs} does not know ${listed(lost)}: the API server prunes what is written there, so these settings are lost without a word, and status says less${forgets(lost) ? unproven : ''}${who}`,
      remedy: isElsewhere
        ? 'Have whoever owns it use the file in crds/ of this release, or stop owning it: as long as it puts its own one back, ours does not last'
        : 'Upgrade the chart with crds.enabled=true (--take-ownership where another release owns it), or kubectl apply --server-side --force-conflicts --filename with the file in crds/ of this release',
    });
  else if (isElsewhere)
    lines.push({
      ...{ topic, level: 'warning' },
      found: `${whatItIs} belongs to somebody else${who}. It knows all fields of this release now; whoever owns it may put an older one back, and then spec.extensions is pruned`,
      remedy: 'Let this release own it (crds.enabled=true and --take-ownership), or have its owner follow our releases',
    });
  else lines.push({ topic, level: 'ok', found: `${whatItIs} knows every field of this release${who}` });
  return [...lines, ...checkServing(crd)];
}

/** What else follows where status cannot keep the state of a rollout. */
const unproven =
  '. New versions replace what serves at once, without being proven first, and so does one that was rejected before';

function forgets(lost: readonly string[]): boolean {
  return lost.includes('status.extensions') || lost.includes('status.extensions.rollout');
}

/** What of the fields of ours the schema of a served version leaves out, each by the highest one that is missing. */
function findLost(crd: unknown): readonly string[] {
  const versions = listAt(recordAt(crd, 'spec'), 'versions').filter((one) => isServed(one));
  const lost = versions.flatMap((version) => {
    const schema = recordAt(recordAt(recordAt(version, 'schema'), 'openAPIV3Schema'), 'properties');
    return [
      ...lackingIn(at(structure, 'spec'), recordAt(schema, 'spec'), 'spec'),
      ...lackingIn(statusStructure, recordAt(schema, 'status'), 'status'),
    ];
  });
  return [...new Set(lost)];
}

function at(schema: StructuralSchema, field: string): StructuralSchema | undefined {
  return schema.properties?.[field];
}

/** The members of `extensions`, or `extensions` itself. */
function lackingIn(own: StructuralSchema | undefined, found: unknown, path: string): readonly string[] {
  const there = recordAt(recordAt(found, 'properties'), 'extensions');
  if (there === undefined) return keepsUnknown(found) ? [] : [`${path}.extensions`];
  const wanted = Object.keys(own?.properties?.['extensions']?.properties ?? {});
  const known = recordAt(there, 'properties') ?? {};
  if (keepsUnknown(there)) return [];
  return wanted.filter((field) => !(field in known)).map((field) => `${path}.extensions.${field}`);
}

function keepsUnknown(schema: unknown): boolean {
  return recordAt({ schema }, 'schema')?.['x-kubernetes-preserve-unknown-fields'] === true;
}

function isServed(version: unknown): boolean {
  return recordAt({ version }, 'version')?.['served'] === true;
}

/** Most fields that are named. */
const maxListed = 6;

function listed(fields: readonly string[]): string {
  const more = fields.length - maxListed;
  return [...fields.slice(0, maxListed), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const helmRelease = { name: 'meta.helm.sh/release-name', namespace: 'meta.helm.sh/release-namespace' } as const;

/** Namespace and name of the Helm release that an object is of. */
export function releaseOf(object: unknown): string | undefined {
  const annotations = recordAt(recordAt(object, 'metadata'), 'annotations');
  const release = stringAt(annotations, helmRelease.name);
  return release === undefined ? undefined : `${stringAt(annotations, helmRelease.namespace) ?? ''}/${release}`;
}

/** Begins the keys of labels by which the Operator Lifecycle Manager marks what it puts back. */
const olmLabels = /^(olm\.|operators\.coreos\.com\/)/;

function isOfSomebodyElse(crd: unknown, release: string | undefined): boolean {
  const metadata = recordAt(crd, 'metadata');
  const own = releaseOf(crd);
  return (
    (own !== undefined && release !== undefined && own !== release) ||
    listAt(metadata, 'ownerReferences').length > 0 ||
    Object.keys(recordAt(metadata, 'labels') ?? {}).some((key) => olmLabels.test(key))
  );
}

/** A clause behind "it is". */
function ownerOf(crd: unknown): string {
  const metadata = recordAt(crd, 'metadata');
  const release = releaseOf(crd);
  const [owner] = listAt(metadata, 'ownerReferences');
  const olm = Object.keys(recordAt(metadata, 'labels') ?? {}).find((key) => olmLabels.test(key));
  const managers = [...new Set(listAt(metadata, 'managedFields').flatMap((entry) => managerOf(entry)))];
  return [
    ...(release === undefined ? [] : [`of Helm release ${release}`]),
    ...(owner === undefined ? [] : [`owned by ${stringAt(owner, 'kind') ?? ''} ${stringAt(owner, 'name') ?? ''}`]),
    ...(olm === undefined ? [] : [`labelled ${olm}`]),
    ...(managers.length === 0 ? [] : [`written by ${managers.slice(0, maxListed).join(' and ')}`]),
  ].join(', ');
}

/** Who wrote its versions; who wrote its status is the API server itself. */
function managerOf(entry: unknown): readonly string[] {
  const versions = recordAt(recordAt(recordAt(entry, 'fieldsV1'), 'f:spec'), 'f:versions');
  const manager = stringAt(entry, 'manager');
  const isOfStatus = stringAt(entry, 'subresource') !== undefined;
  return versions === undefined || manager === undefined || isOfStatus ? [] : [manager];
}

function checkServing(crd: unknown): readonly DoctorLine[] {
  const spec = recordAt(crd, 'spec');
  const lines: DoctorLine[] = [];
  if (stringAt(recordAt(spec, 'conversion'), 'strategy') === 'Webhook') {
    lines.push({
      ...{ topic, level: 'problem' },
      found: `${whatItIs} has a conversion webhook, which another operator left: while nobody answers it, MCPServers can neither be read nor written`,
      remedy: `Take it out, which an apply of ours cannot: ${withoutConversion}; then upgrade the chart with crds.enabled=true, --take-ownership and --force-conflicts`,
    });
  }
  const established = listAt(recordAt(crd, 'status'), 'conditions').find(
    (one) => stringAt(one, 'type') === 'Established',
  );
  if (established !== undefined && stringAt(established, 'status') !== 'True') {
    lines.push({
      ...{ topic, level: 'problem', found: `${whatItIs} is not served: ${stringAt(established, 'message') ?? ''}` },
      remedy: `Look at its conditions: kubectl describe customresourcedefinition ${name}`,
    });
  }
  return lines;
}
