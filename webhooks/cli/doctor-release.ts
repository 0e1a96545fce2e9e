import { metaOf, recordAt, stringAt } from '../platform/kube/object.ts';
import { releaseOf } from './doctor-crd.ts';
import { notKnown, type DoctorLine } from './doctor-line.ts';
import { hasReady } from './doctor-pods.ts';
import type { Survey } from './doctor-survey.ts';
import { configurationName, containerOf, ownContainers, type AskedService } from './installation.ts';

const topic = 'release';

/** What is installed, and of which release. */
export function checkRelease({ validating, service, installation, version }: Survey): readonly DoctorLine[] {
  const { deployment, endpoints } = installation;
  if (validating.state === 'missing') {
    const found = `mcp-lifecycle is not installed: there is no ValidatingWebhookConfiguration ${configurationName}`;
    const remedy = 'helm install it (docs/guides/install.md); without it nobody judges or runs an MCPServer';
    return [{ topic, level: 'problem', found, remedy }];
  }
  switch (deployment.state) {
    case 'found':
      return describe(deployment.object, version);
    case 'missing':
      return [hasReady(endpoints) ? ofAnotherName : gone(service)];
    case 'unknown': {
      const where = service === undefined ? '' : ` in ${service.namespace}`;
      return [notKnown(topic, { what: 'what is installed', seen: deployment, right: `list deployments${where}` })];
    }
  }
}

const ofAnotherName: DoctorLine = {
  topic,
  level: 'unknown',
  found:
    'Not known what is installed: pods answer, and no Deployment behind them has the labels of the chart (nameOverride changes them)',
};

function gone(service: AskedService | undefined): DoctorLine {
  const found = `No Deployment with our labels is behind Service ${service?.namespace ?? ''}/${service?.service ?? ''}, which API servers ask`;
  const remedy =
    'helm upgrade --install it, or delete both webhook configurations named mcp-lifecycle if it was removed: until then MCPServers can be neither created nor changed';
  return { topic, level: 'problem', found, remedy };
}

function describe(deployment: unknown, version: string): readonly DoctorLine[] {
  const { namespace, name } = metaOf(deployment);
  const labels = recordAt(recordAt(deployment, 'metadata'), 'labels');
  const installed = stringAt(labels, 'app.kubernetes.io/version') ?? 'of an unknown version';
  const chart = `chart ${stringAt(labels, 'helm.sh/chart') ?? 'not known'}`;
  const release = releaseOf(deployment);
  const of = release === undefined ? chart : `${chart}, Helm release ${release}`;
  const images = Object.values(ownContainers).map((one) => stringAt(containerOf(deployment, one), 'image') ?? '');
  const found = `mcp-lifecycle ${installed} (${of}) is Deployment ${namespace}/${name}, image ${[...new Set(images)].join(' and ')}`;
  const line: DoctorLine = { topic, level: 'ok', found };
  if (isSameRelease(installed, version)) return [line];
  const other = `This program is ${version}, the cluster has ${installed}: rules and defaults may differ`;
  return [line, { topic, level: 'note', found: other }];
}

/** Commits are no part of a release. */
function isSameRelease(installed: string, version: string): boolean {
  const [own = ''] = version.split('+');
  const [theirs = ''] = installed.split('+');
  return own === theirs;
}
