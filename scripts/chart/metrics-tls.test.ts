import { describe, expect, it } from '@jest/globals';
import { at, render, type Manifest } from './render.ts';

const ours = 'spec.template.spec';

async function renderWith(...settings: readonly string[]): Promise<readonly Manifest[]> {
  return render(...settings.flatMap((setting) => ['--set', setting]));
}

function find(manifests: readonly Manifest[], kind: string, name = 'mcp-lifecycle'): Manifest | undefined {
  return manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const scraped = ['metrics.tls.enabled=true', 'serviceMonitor.enabled=true'];

describe('metrics over TLS', () => {
  it('are asked for: without, neither a container nor the ServiceMonitor is told of it', async () => {
    const manifests = await renderWith('serviceMonitor.enabled=true');
    expect(JSON.stringify(manifests)).not.toContain('METRICS_CERTIFICATE_SECRET');
    for (const endpoint of [0, 1]) {
      const monitor = at(find(manifests, 'ServiceMonitor'), `spec.endpoints.${endpoint}`);
      expect(monitor).not.toHaveProperty('scheme');
      expect(monitor).not.toHaveProperty('tlsConfig');
    }
  });

  it.each([
    ['issues itself', [], 'mcp-lifecycle-certificate'],
    ['has from cert-manager', ['certManager.enabled=true'], 'mcp-lifecycle-tls'],
  ])('are served and trusted by the Secret that the installation %s', async (_, settings, secret) => {
    const manifests = await renderWith(...scraped, ...settings);
    for (const index of [0, 1]) {
      expect(at(find(manifests, 'Deployment'), `${ours}.containers.${index}.env`)).toEqual(
        expect.arrayContaining([{ name: 'METRICS_CERTIFICATE_SECRET', value: secret }]),
      );
      expect(at(find(manifests, 'ServiceMonitor'), `spec.endpoints.${index}`)).toMatchObject({
        scheme: 'https',
        tlsConfig: {
          serverName: 'mcp-lifecycle-webhook.mcp-lifecycle-system.svc',
          ca: { secret: { name: secret, key: 'ca.crt' } },
        },
      });
    }
    // By the rights of the webhook's own container.
    const rules = at(find(manifests, 'Role'), 'rules') as readonly object[];
    const watched = {
      resources: ['secrets'],
      resourceNames: [secret],
      verbs: expect.arrayContaining(['list', 'watch']),
    };
    expect(rules).toEqual(expect.arrayContaining([expect.objectContaining(watched)]));
  });

  it('are trusted by the bundle of a Secret that the user has, from a ConfigMap', async () => {
    const manifests = await renderWith(...scraped, 'tls.existingSecret=theirs', `tls.caBundle=${pem}`);
    const name = 'mcp-lifecycle-metrics-ca';
    expect(at(find(manifests, 'ServiceMonitor'), 'spec.endpoints.0.tlsConfig.ca')).toEqual({
      configMap: { name, key: 'ca.crt' },
    });
    expect(find(manifests, 'ConfigMap', name)).toMatchObject({ data: { 'ca.crt': pem } });
  });

  it("are trusted by whatever is named, which then is somebody else's", async () => {
    const named = ['metrics.tls.ca.configMap.name=company', 'metrics.tls.ca.configMap.key=root.crt'];
    const manifests = await renderWith(...scraped, 'tls.existingSecret=theirs', `tls.caBundle=${pem}`, ...named);
    expect(at(find(manifests, 'ServiceMonitor'), 'spec.endpoints.1.tlsConfig.ca')).toEqual({
      configMap: { name: 'company', key: 'root.crt' },
    });
    expect(find(manifests, 'ConfigMap', 'mcp-lifecycle-metrics-ca')).toBeUndefined();
  });

  it('leave probes alone', async () => {
    const [plain, tls] = [await renderWith(), await renderWith('metrics.tls.enabled=true')];
    for (const index of [0, 1]) {
      const probe = `${ours}.containers.${index}.livenessProbe`;
      expect(at(find(tls, 'Deployment'), probe)).toEqual(at(find(plain, 'Deployment'), probe));
    }
  });

  it.each(['metrics.tls.ca.configMap.name=a', 'metrics.tls.ca.file=a'])('%s is refused', async (setting) => {
    await expect(renderWith(...scraped, setting)).rejects.toThrow(/values don't meet/);
  });
});
