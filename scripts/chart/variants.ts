import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chart } from './render.ts';

/** One way to install the chart. */
export interface Variant {
  readonly name: string;
  /** Arguments for helm. */
  readonly args: readonly string[];
}

/** Everything optional, so that every template has something to render. */
export const everything = {
  image: { repository: 'mcp-lifecycle' },
  ...{ monitoring: { enabled: true }, autoscaling: { enabled: true }, ingress: { enabled: true } },
  ...{ gateway: { httpRoute: { enabled: true }, kuadrant: { enabled: true } }, egressHosts: { enabled: true } },
  ...{ disruptionBudgets: { enabled: true }, reports: { enabled: true }, metrics: { service: { enabled: true } } },
  ...{ v2dy: { enabled: true, pools: { enabled: true } }, networkPolicy: { enabled: true, probe: true } },
  ...{ serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
  ...{ certManager: { enabled: true }, policy: { extends: 'baseline' }, stdio: { imagePullSecrets: ['a'] } },
};

const image = { image: { repository: 'mcp-lifecycle' } };
const peers = [{ ipBlock: { cidr: '10.0.0.0/8' } }, { namespaceSelector: { matchLabels: { team: 'platform' } } }];

/** Each with what templates do for it and for no other. */
const said: Readonly<Record<string, object>> = {
  'nothing but an image': image,
  everything,
  'everything of owners and the monitoring': {
    ...{ ...everything, metrics: { perServer: true, tls: { enabled: true }, service: { enabled: true } } },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, interval: '15s', serverNames: true },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' }, alertLabels: { team: 'platform' } },
    monitoring: {
      ...{ enabled: true, rules: { enabled: true, gatewayNamespaces: ['gateways'] }, dashboards: { enabled: true } },
      kubeStateMetrics: { enabled: true },
    },
  },
  'pods as a platform wants them': {
    ...{ ...image, fullnameOverride: 'mcp', commonLabels: { team: 'platform' }, podLabels: { tier: '1' } },
    ...{ podAnnotations: { a: 'b' }, imagePullSecrets: [{ name: 'registry' }], priorityClassName: 'high' },
    ...{ runtimeClassName: 'gvisor', dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.10'] } },
    ...{ nodeSelector: { disk: 'ssd' }, tolerations: [{ operator: 'Exists' }], podSecurityContext: { fsGroup: 1000 } },
    extraEnv: [{ name: 'A', value: 'b' }],
    extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/ca', readOnly: true }],
    serviceAccount: { create: false, name: 'ours' },
  },
  'some namespaces': { ...everything, watchNamespaces: ['team-a', 'team-b'] },
  'a webhook that fails open': { ...image, webhook: { failurePolicy: { validating: 'Ignore' } } },
  'a Secret of somebody else': {
    ...image,
    tls: { existingSecret: 'ours', caBundle: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n' },
  },
  'what was brought along by the platform': {
    ...{ ...image, policyConfigMap: { name: 'ours', readsNamespaces: true, limitsReplicas: true } },
    ...{ metrics: { tls: { enabled: true } }, serviceMonitor: { enabled: true } },
    tls: { existingSecret: 'ours', caBundle: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n' },
    webhook: { clientCA: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n' },
  },
  'no hooks': { ...image, admissionCheck: { hook: false } },
  'nothing that is there by default': {
    ...{ ...image, crds: { enabled: false }, admissionCheck: { enabled: false } },
    ...{ podDisruptionBudget: { enabled: false }, rbac: { userRoles: false, aggregateToDefaultRoles: false } },
  },
  'a network policy of peers': {
    ...image,
    networkPolicy: {
      enabled: true,
      webhookFrom: peers,
      metricsFrom: peers,
      apiServerTo: peers,
      extraEgress: [{ to: peers }],
    },
  },
};

const guides = new URL('../../docs/guides/', import.meta.url);

/** The blocks of values in the guides that begin with this name of a file. */
async function samples(file: string): Promise<readonly string[]> {
  const pages = (await readdir(guides)).filter((page) => page.endsWith('.md')).sort();
  const texts = await Promise.all(pages.map((page) => readFile(new URL(page, guides), 'utf8')));
  const pattern = new RegExp(`\`\`\`yaml\\n# ${file}\\n([\\s\\S]*?)\`\`\``, 'g');
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, block]) => block ?? ''));
}

/** All that is tried of the chart: what is said here, every preset, every sample of values in the guides. */
export async function writeVariants(folder: string): Promise<readonly Variant[]> {
  const written = async (name: string, text: string): Promise<string> => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`);
    await writeFile(file, text);
    return file;
  };
  const least = await written('least', JSON.stringify(image));
  const yours = await written('yours', (await samples('yours.yaml')).join(''));
  const ours = Object.entries(said).map(async ([name, values]) => ({
    name,
    args: ['--values', await written(name, JSON.stringify(values))],
  }));
  const ofGuides = (await samples('values.yaml')).map(async (text, index) => {
    const name = `sample ${index + 1} of the guides`;
    return { name, args: ['--values', least, '--values', await written(name, text)] };
  });
  const presets = (await readdir(`${chart}presets`)).sort().map((file) => ({
    name: `preset ${file}`,
    args: ['--values', `${chart}presets/${file}`, '--values', yours],
  }));
  return [...(await Promise.all([...ours, ...ofGuides])), ...presets];
}
