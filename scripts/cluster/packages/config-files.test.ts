import { describe, expect, it } from '@jest/globals';
import { parseAddressPlan } from '../address-plan.ts';
import { buildConfigFiles, renderAdminKubeconfig } from './config-files.ts';
import { buildLayout, cgroupName } from './layout.ts';

const layout = buildLayout('/state/two');
const files = buildConfigFiles({
  name: 'two',
  port: 7000,
  addresses: parseAddressPlan('10.50.0.0/16', '10.60.0.0/16'),
  layout,
});

function json(file: string): unknown {
  return JSON.parse(files.get(file) ?? '');
}

describe('the configuration files', () => {
  it('all lie in the state directory', () => {
    expect([...files.keys()].filter((file) => !file.startsWith('/state/two/'))).toEqual([]);
  });

  it('let the kubelet have many pods, keep imported images and put containers in a cgroup of the cluster', () => {
    expect(json('/state/two/config/kubelet.yaml')).toMatchObject({
      maxPods: 250,
      imageGCHighThresholdPercent: 100,
      imagePullCredentialsVerificationPolicy: 'NeverVerify',
      cgroupRoot: `/${cgroupName(layout)}`,
      clusterDNS: ['10.50.0.1'],
      failCgroupV1: false,
    });
  });

  it('give pods addresses above those kept for components', () => {
    expect(json('/state/two/config/cni/10-cluster.conflist')).toMatchObject({
      plugins: [{ ipam: { ranges: [[{ subnet: '10.50.0.0/16', rangeStart: '10.50.0.10' }]] } }, { type: 'portmap' }],
    });
  });

  it('leave the connection tracking limits of the machine alone', () => {
    expect(json('/state/two/config/proxy.yaml')).toMatchObject({
      clusterCIDR: '10.50.0.0/16',
      conntrack: { maxPerCore: 0 },
    });
  });

  it('let containers start without CAP_SYS_RESOURCE', () => {
    expect(files.get('/state/two/config/containerd.toml')).toContain('restrict_oom_score_adj = true');
  });

  it('let who runs the cluster say which CA a registry has', () => {
    expect(files.get('/state/two/config/containerd.toml')).toContain('config_path = "/state/two/config/certs.d"');
  });

  it('serve DNS where pods look for it', () => {
    expect(files.get('/state/two/config/Corefile')).toContain('bind 10.50.0.1');
    expect(files.get('/state/two/resolv.conf')).toContain('nameserver 10.50.0.1');
  });
});

describe('the cgroup name', () => {
  it('differs for clusters of one name in two state directories', () => {
    expect(cgroupName(buildLayout('/a/two'))).not.toBe(cgroupName(buildLayout('/b/two')));
  });
});

describe("the administrator's kubeconfig", () => {
  it('names the cluster, goes over loopback and carries its certificates', () => {
    const text = renderAdminKubeconfig('two', 7000, { ca: 'CA', certificate: 'CERT', key: 'KEY' });
    expect(JSON.parse(text)).toMatchObject({
      'current-context': 'mcp-lifecycle-two',
      clusters: [{ cluster: { server: 'https://127.0.0.1:7000', 'certificate-authority-data': 'Q0E=' } }],
      users: [{ user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    });
  });
});
