import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { argoCdVersion } from './argo-cd.ts';
import { componentVersions, linkFlags } from './binaries.ts';
import { certManagerVersion } from './cert-manager.ts';
import { chartToolVersions } from './chart-tools.ts';
import { contourVersion } from './contour.ts';
import { gatewayApiVersion } from './gateway-kinds.ts';
import { kedaVersion } from './keda.ts';
import { kubeStateMetricsVersion } from './kube-state-metrics.ts';
import { metricsServerVersion } from './metrics-server.ts';
import { operatorVersion } from './monitoring-kinds.ts';
import { prometheusVersion } from './prometheus.ts';
import { traefikVersion } from './traefik.ts';

describe('the built components', () => {
  it.each([
    ['kubernetes', 'k8s.io/kubernetes'],
    ['etcd', 'go.etcd.io/etcd/server/v3'],
    ['coredns', 'github.com/coredns/coredns'],
    ['argo-cd', 'github.com/argoproj/argo-cd/v3'],
    ['cert-manager', 'github.com/cert-manager/cert-manager'],
    ['contour', 'github.com/projectcontour/contour'],
    ['keda', 'github.com/kedacore/keda/v2'],
    ['kube-state-metrics', 'k8s.io/kube-state-metrics/v2'],
    ['metrics-server', 'sigs.k8s.io/metrics-server'],
    ['prometheus', 'github.com/prometheus/prometheus'],
    ['prometheus-operator', 'github.com/prometheus-operator/prometheus-operator'],
    ['traefik', 'github.com/traefik/traefik/v3'],
    ['helm-3', 'helm.sh/helm/v3'],
    ['kubeconform', 'github.com/yannh/kubeconform'],
    ['registry', 'github.com/google/go-containerregistry'],
  ] as const)('have the version of %s in its go.mod', (component, module) => {
    const goMod = readFileSync(new URL(`../go/${component}/go.mod`, import.meta.url), 'utf8');
    const versions = {
      ...componentVersions,
      ...chartToolVersions,
      'argo-cd': argoCdVersion,
      'cert-manager': certManagerVersion,
      contour: contourVersion,
      keda: kedaVersion,
      'kube-state-metrics': kubeStateMetricsVersion,
      'metrics-server': metricsServerVersion,
      prometheus: prometheusVersion,
      'prometheus-operator': operatorVersion,
      traefik: traefikVersion,
    };
    expect(goMod).toContain(`\t${module} v${versions[component]}`);
  });

  it('have the kinds of the Gateway API of the release that Traefik knows', () => {
    const goMod = readFileSync(new URL('../go/traefik/go.mod', import.meta.url), 'utf8');
    expect(goMod).toContain(`\tsigs.k8s.io/gateway-api v${gatewayApiVersion} `);
  });

  it('use staging modules of the same release as Kubernetes', () => {
    const goMod = readFileSync(new URL('../go/kubernetes/go.mod', import.meta.url), 'utf8');
    const staging = componentVersions.kubernetes.replace(/^1/, 'v0');
    const replaced = [...goMod.matchAll(/=> k8s\.io\/\S+ (\S+)/g)].map(([, version]) => version);
    expect(new Set(replaced)).toEqual(new Set([staging]));
  });

  it('are told their version by the linker', () => {
    expect(linkFlags()).toContain('-X k8s.io/component-base/version.gitVersion=v1.35.4');
  });
});
