import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { at, copyWithNotes, parseRendered, runHelm } from './render.ts';
import { everything } from './variants.ts';

/** What nothing is a choice for; it is said here, so that the rest can be compared. */
function choicesOf(values: unknown): object {
  const resources = (program: string): object => ({ resources: at(values, `${program}.resources`) });
  return {
    ...{ webhook: resources('webhook'), reconciler: resources('reconciler') },
    ...{ admissionCheck: resources('admissionCheck'), podSecurityContext: at(values, 'podSecurityContext') },
    stdio: { ...everything.stdio, ...resources('stdio') },
    networkPolicy: { ...everything.networkPolicy, metricsFrom: at(values, 'networkPolicy.metricsFrom') },
  };
}

// What `helm upgrade --reuse-values` does: the values of the release before stand in place of those of the chart.
describe('a chart whose values are of a release that knew none of them', () => {
  let folder: string;
  let usual: string;

  async function renderWith(values: object): Promise<string> {
    await writeFile(join(folder, 'some.yaml'), JSON.stringify(values));
    const where = ['mcp-lifecycle', folder, '--namespace', 'mcp-lifecycle-system'];
    return runHelm('template', ...where, '--values', join(folder, 'some.yaml'));
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-absent-'));
    await copyWithNotes(folder);
    usual = await readFile(join(folder, 'values.yaml'), 'utf8');
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('renders the same bytes, notes included, as one that has them', async () => {
    const full = await renderWith(everything);
    await writeFile(join(folder, 'values.yaml'), '{}\n');
    expect(await renderWith({ ...everything, ...choicesOf(parse(usual)) })).toBe(full);
  });

  it('renders with nothing but an image, and then without limits, and with the ids of the image', async () => {
    await writeFile(join(folder, 'values.yaml'), '{}\n');
    const rendered = await renderWith({ image: { repository: 'mcp-lifecycle' } });
    const deployment = parseRendered(rendered).find(({ kind }) => kind === 'Deployment');
    expect(at(deployment, 'spec.replicas')).toBe(2);
    expect(at(deployment, 'spec.template.spec.containers.0.resources')).toBeNull();
    expect(at(deployment, 'spec.template.spec.securityContext')).toEqual({
      ...{ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
  });

  it('keeps what is given, also where that is false, zero or nothing', async () => {
    await writeFile(join(folder, 'values.yaml'), '{}\n');
    const given = {
      ...{ image: { repository: 'mcp-lifecycle' }, crds: { keep: false }, admissionCheck: { enabled: false } },
      ...{ webhook: { shutdownDelaySeconds: 0 }, serviceAccount: { annotations: {} } },
    };
    const rendered = parseRendered(await renderWith(given));
    expect(rendered.map(({ kind }) => kind)).not.toContain('Job');
    const crd = rendered.find(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crd?.metadata).not.toHaveProperty('annotations');
    const env = at(
      rendered.find(({ kind }) => kind === 'Deployment'),
      'spec.template.spec.containers.0.env',
    );
    expect(env).toContainEqual({ name: 'SHUTDOWN_DELAY_SECONDS', value: '0' });
  });
});
