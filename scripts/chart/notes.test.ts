import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { chart, copyWithNotes, runHelm } from './render.ts';

/** The manifest that the notes of a release have people try by hand. */
function readProbe(): string {
  const notes = readFileSync(`${chart}templates/NOTES.txt`, 'utf8');
  const [, probe = ''] = /--dry-run=server -f - <<EOF\n(.*?)\n *EOF\n/s.exec(notes) ?? [];
  return probe.replaceAll(/\{\{.*?\}\}/g, 'default');
}

describe('the check by hand of the notes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'));

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(['restricted', 'baseline', 'audit-only'])(
    'is denied as they say, whatever the policy (under a milder one it passed): %s',
    async (profile) => {
      const policy = join(folder, 'policy.yaml');
      writeFileSync(policy, `apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\nextends: ${profile}\n`);
      const { code, out } = await runCli(['check', '--policy', policy, '-'], readProbe());
      expect(out).toContain('[name-usable]');
      expect(code).toBe(1);
    },
  );
});

describe('the notes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'));
  const read = async (...args: readonly string[]): Promise<string> => {
    const set = ['--set', 'image.repository=mcp-lifecycle', '--show-only', 'templates/notes.yaml'];
    const rendered = await runHelm('template', 'mcp-lifecycle', folder, ...set, ...args);
    return rendered.replaceAll('\n  ', '\n');
  };

  beforeAll(() => copyWithNotes(folder));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('name our kind by its group where kubectl takes the bare name for another one', async () => {
    expect(await read()).toContain('kubectl get mcpservers --watch');
    const notes = await read('--set', 'v2dy.enabled=true');
    expect(notes).toContain('kubectl get mcpservers.mcp.x-k8s.io --watch');
    expect(notes).toContain('v2dy.enabled is true');
  });

  describe('of what stays when a part is turned off again', () => {
    const bindings = ['--api-versions', 'mcp.x-k8s.io/v1alpha1/MCPGatewayBinding'];
    const off = ['--set', 'gateway.enabled=false'];

    it('name the bindings of gateways, and what removes them (they said nothing)', async () => {
      expect(await read(...bindings)).not.toContain('gateway.enabled is false');
      expect(await read(...off)).not.toContain('gateway.enabled is false');
      expect(await read(...bindings, ...off)).toContain('`kubectl delete mcpgatewaybindings --all-namespaces');
      const gone = await read(...bindings, ...off, '--set', 'crds.keep=false');
      expect(gone).toMatch(/crds\.keep is false: .* it is gone with them/);
      expect(gone).not.toContain('kubectl delete mcpgatewaybindings');
    });

    it('name their CustomResourceDefinition among what uninstalling keeps (it was named only while gateways were on)', async () => {
      const command = 'kubectl delete crd mcpservers.mcp.x-k8s.io mcpgatewaybindings.mcp.x-k8s.io`';
      expect(await read()).toContain(command);
      expect(await read(...bindings, ...off)).toContain(command);
      expect(await read(...off)).not.toContain(command);
    });

    it('name all that uninstalling keeps (they left out the kinds of v2dY, and Secrets of cert-manager)', async () => {
      const crds =
        'mcpservers.mcp.x-k8s.io mcpgatewaybindings.mcp.x-k8s.io mcpservers.mcp.v2dy.io mcppools.mcp.v2dy.io`';
      const secrets = 'kubectl delete secret --namespace default mcp-lifecycle-tls';
      const on = ['--set', 'v2dy.enabled=true,v2dy.pools.enabled=true,certManager.enabled=true'];
      const notes = await read(...on);
      expect(notes).toContain(`kubectl delete crd ${crds}`);
      expect(notes).toContain(`${secrets} mcp-lifecycle-ca\``);
      expect(await read(...on, '--set', 'certManager.issuerRef.name=ours')).toContain(`${secrets}\``);
      expect(await read()).not.toMatch(/v2dy\.io`|delete secret/);
    });

    it('name the registrations at Kuadrant, in either version of their kind (they said nothing)', async () => {
      const told = 'kubectl delete mcpserverregistrations --all-namespaces';
      const on = ['--set', 'gateway.httpRoute.enabled=true,gateway.kuadrant.enabled=true'];
      expect(await read()).not.toContain(told);
      for (const version of ['v1', 'v1alpha1']) {
        const has = ['--api-versions', `mcp.kuadrant.io/${version}/MCPServerRegistration`];
        expect(await read(...has)).toContain(told);
        expect(await read(...has, ...on)).not.toContain(told);
      }
    });

    it.each([
      ['autoscaling', 'horizontalpodautoscalers'],
      ['disruptionBudgets', 'poddisruptionbudgets'],
      ['ingress', 'ingresses'],
    ])('name in an upgrade what %s made, which goes on (they said nothing)', async (value, plural) => {
      const told = new RegExp(`^Off: .*${value}\\.enabled.*\n\`kubectl delete \\S*${plural}\\S* --all-namespaces`, 'm');
      expect(await read('--is-upgrade')).toMatch(told);
      expect(await read()).not.toMatch(told);
      expect(await read('--is-upgrade', '--set', `${value}.enabled=true`)).not.toMatch(told);
    });

    it('name nothing of all that in an upgrade where it is on', async () => {
      const on = ['autoscaling', 'disruptionBudgets', 'ingress'].map((value) => `${value}.enabled=true`);
      expect(await read('--is-upgrade', '--set', on.join(','))).not.toContain('Off: ');
    });

    it('name the policies of Cilium in an upgrade, which go on opening hosts (they said nothing)', async () => {
      const told = 'kubectl delete ciliumnetworkpolicies --all-namespaces';
      const upgrade = ['--is-upgrade', '--api-versions', 'cilium.io/v2/CiliumNetworkPolicy'];
      expect(await read(...upgrade)).toContain(told);
      expect(await read('--is-upgrade')).not.toContain(told);
      expect(await read(...upgrade, '--set', 'egressHosts.enabled=true')).not.toContain(told);
    });
  });

  it('show a first server to who installs, and not to who upgrades', async () => {
    const [first, upgraded] = [await read(), await read('--is-upgrade')];
    expect(first).toMatch(/--watch\n\nA server that talks to this cluster's API needs/);
    for (const told of ['Your first server', "this cluster's API needs"]) expect(upgraded).not.toContain(told);
    const reference = ['--set', 'compatibility.profile=reference'];
    for (const args of [reference, [...reference, '--is-upgrade']])
      expect(await read(...args)).toMatch(/\n\ncompatibility\.profile is reference: /);
  });

  it('warn of alerts that read what the ServiceMonitor drops', async () => {
    const rules = ['--api-versions', 'monitoring.coreos.com/v1', '--set', 'monitoring.rules.enabled=true'];
    const scraped = [...rules, '--set', 'serviceMonitor.enabled=true'];
    const told = 'serviceMonitor.serverNames is not';
    expect(await read(...scraped)).toContain(told);
    expect(await read(...rules)).not.toContain(told);
    expect(await read(...scraped, '--set', 'serviceMonitor.serverNames=true')).not.toContain(told);
  });

  it.each([
    ['monitoring', 'monitoring.coreos.com/v1/PodMonitor'],
    ['gateway.httpRoute', 'gateway.networking.k8s.io/v1/HTTPRoute'],
    ['egressHosts', 'cilium.io/v2/CiliumNetworkPolicy'],
    ['reports', 'openreports.io/v1alpha1/Report'],
    ['reports', 'wgpolicyk8s.io/v1alpha2/PolicyReport'],
  ])('say what %s waits for where the cluster has no %s (of reports alone they did)', async (value, api) => {
    const on = ['--set', `${value}.enabled=true`];
    const told = new RegExp(
      `^${value}\\.enabled is true, but this cluster has no .*\\n.* noticed within a minute`,
      'm',
    );
    expect(await read(...on)).toMatch(told);
    expect(await read(...on, '--api-versions', api)).not.toMatch(told);
    expect(await read()).not.toContain('is true, but this cluster');
  });

  it('name in an upgrade the reports that nobody keeps true any more, of the kinds that there are (they said nothing)', async () => {
    const [open, older] = ['openreports.io/v1alpha1/Report', 'wgpolicyk8s.io/v1alpha2/PolicyReport'] as const;
    const upgrade = ['--is-upgrade', '--api-versions', older];
    expect(await read(...upgrade)).toContain('`kubectl delete policyreports.wgpolicyk8s.io --all-namespaces');
    expect(await read(...upgrade, '--api-versions', open)).toContain(
      '`kubectl delete reports.openreports.io,policyreports.wgpolicyk8s.io --all-namespaces',
    );
    for (const without of [['--is-upgrade'], ['--api-versions', older], [...upgrade, '--set', 'reports.enabled=true']])
      expect(await read(...without)).not.toContain('reports.enabled is false');
  });

  it('say what a webhook that fails open lets pass, and whether API servers refuse privileges (they said nothing)', async () => {
    const open = ['--set', 'webhook.failurePolicy.validating=Ignore'];
    expect(await read()).not.toContain('is Ignore');
    expect(await read(...open)).toMatch(/is Ignore: .*\nAPI servers themselves go on refusing privileges/);
    const withoutPolicy = await read(...open, '--set', 'compatibility.profile=reference');
    expect(withoutPolicy).toMatch(/is Ignore: .*\nAPI servers themselves refuse no privileges/);
  });

  it.each([
    ['MCPServer', 'v2dy.enabled'],
    ['MCPPool', 'v2dy.pools.enabled'],
  ])('say what stays of %s when %s is turned off (they said nothing)', async (kind, value) => {
    const has = ['--api-versions', `mcp.v2dy.io/v1/${kind}`];
    expect(await read(...has, '--set', `${value}=true`)).not.toContain(`${value} is false`);
    expect(await read()).not.toContain(`${value} is false`);
    const kept = await read(...has);
    expect(kept).toContain(`${value} is false`);
    expect(kept).toContain('--cascade=orphan');
    expect(await read(...has, '--set', 'crds.keep=false')).toMatch(/crds\.keep is false: .* it is gone with them/);
  });
});
