/**
 * @alone it installs the chart by presets, and as a part of another chart, and removes it each time.
 * @slow three installations and their ends.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeParent } from '../../../scripts/chart/parent.ts';
import { at, chart } from '../../../scripts/chart/render.ts';
import { imageValues, release } from '../../../scripts/quickstart/install.ts';
import { helm, helmOk, programImage, uninstallChart } from '../../harness/chart.ts';
import { restoreChart } from '../../harness/installation.ts';
import { apply, get, kubectl, list, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { withoutFarewells } from '../../harness/replicas.ts';
import { untilNothingIsLeft } from '../../harness/uninstalled.ts';

const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };
const inRelease = { namespace: release.namespace } as const;

/** A new server is verified, and a bad one refused, by what is installed. */
async function serves(namespace: string, name: string): Promise<void> {
  await apply(namespace, kubernetesServer(name));
  await untilCondition(namespace, name, { type: 'Verified', status: 'True' });
  const create = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
  expect((await kubectl(create, kubernetesServer('as-root', asRoot))).stderr).toContain('[run-as-non-root]');
}

/** Only the kept CRDs stay, and what runs: nobody stands in the way of a change any more. */
async function uninstalls(namespace: string, name: string, server: string): Promise<void> {
  await withoutFarewells(() => helmOk('uninstall', name, '--wait', '--timeout', '5m'));
  await untilNothingIsLeft(name);
  expect(await get(namespace, 'deployments', server)).toBeDefined();
  await apply(namespace, kubernetesServer(server, { extraLabels: { team: 'search' } }));
}

beforeAll(uninstallChart);

// Whatever happened: the next case finds the chart installed.
afterAll(async () => {
  await withoutFarewells(() => helm('uninstall', 'platform', '--ignore-not-found', '--wait'));
  await restoreChart();
});

describe('a preset', () => {
  const namespace = useNamespace();
  const ours = (kind: string): Promise<KubeObject | undefined> => get(release.namespace, kind, release.name);

  async function install(preset: string): Promise<void> {
    const image = imageValues((await programImage()).reference);
    const values = ['--values', `${chart}presets/${preset}.yaml`, ...image];
    await helmOk('install', release.name, chart, ...values, '--wait', '--timeout', '5m');
    await helmOk('test', release.name);
  }

  it('for one node is one pod, which nothing keeps on its node, and ends with its release', async () => {
    await install('one-node');
    expect((await ours('deployments'))?.spec?.['replicas']).toBe(1);
    expect(await list(inRelease, 'poddisruptionbudgets')).toEqual([]);
    await serves(namespace, 'on-one-node');
    await uninstalls(namespace, release.name, 'on-one-node');
  }, 600_000);

  it('for API servers of somebody else is told them in the configurations of the webhooks, and ends with its release', async () => {
    await install('hosted-control-plane');
    for (const kind of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
      const configuration = await ours(kind);
      expect(configuration?.metadata.annotations).toMatchObject({ 'admissions.enforcer/disabled': 'true' });
      expect(at(configuration, 'webhooks.0.timeoutSeconds')).toBe(10);
    }
    await serves(namespace, 'hosted');
    await uninstalls(namespace, release.name, 'hosted');
  }, 600_000);
});

describe('a parent chart', () => {
  const namespace = useNamespace();
  const name = 'platform';
  let folder: string;

  // The registry of the dependency has nothing: that of the parent wins.
  beforeAll(async () => {
    const [, registry = '', repository = '', tag = ''] =
      /^([^/]+)\/([^:]+):(.*)$/.exec((await programImage()).reference) ?? [];
    const image = { registry: 'elsewhere.example.com', repository, tag };
    const global = { imageRegistry: registry, imagePullSecrets: ['mirror'] };
    const dependency = { alias: 'mcp', condition: 'mcp.enabled' };
    folder = await writeParent({ dependency, values: { global, mcp: { enabled: true, image } } });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is installed without ours, where its condition is off', async () => {
    await helmOk('install', name, folder, '--set', 'mcp.enabled=false', '--wait');
    expect(await list(inRelease, 'deployments,pods')).toEqual([]);
  }, 300_000);

  it('has ours under its alias, from its registry, when it is switched on', async () => {
    // The kept CRDs are of the release that is gone.
    const on = ['--reset-values', '--take-ownership', '--wait', '--timeout', '5m'];
    await helmOk('upgrade', name, folder, ...on);
    const deployment = await get(release.namespace, 'deployments', 'platform-mcp');
    const pod = at(deployment, 'spec.template.spec');
    expect(at(pod, 'imagePullSecrets')).toEqual([{ name: 'mirror' }]);
    expect(at(pod, 'containers.0.image')).toBe((await programImage()).reference);
    await helmOk('test', name);
    await serves(namespace, 'below-a-parent');
  }, 600_000);

  it('takes ours along when it is uninstalled', () => uninstalls(namespace, name, 'below-a-parent'), 600_000);
});
