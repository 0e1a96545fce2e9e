import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';

const server = (name: string, user: string): string => `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: ${name}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  runtime:
    security:
      securityContext:
        runAsUser: ${user}
`;

/** The helm and the kubectl of the local cluster; neither needs a cluster for this. */
describe('what helm and kubectl of today render', () => {
  let folder = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-lifecycle-')));
    const files = {
      'chart/Chart.yaml': 'apiVersion: v2\nname: search\nversion: 1.0.0\n',
      'chart/values.yaml': 'user: 1000\n',
      'chart/templates/server.yaml': server('search', '{{ .Values.user }}'),
      'chart/charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
      'chart/charts/sub/templates/other.yaml': `# A comment.\n${server('other', '0')}`,
      'values.yaml': 'user: 0\n',
      'base/kustomization.yaml': 'resources: [server.yaml]\n',
      'base/server.yaml': server('search', '0'),
      'overlay/kustomization.yaml': 'resources: [../base]\nbuildMetadata: [originAnnotations]\nnamePrefix: my-\n',
      'plain/kustomization.yaml': 'resources: [../base]\n',
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    env = { PATH: await ensureTools(resolveSettings({}, process.env).cache), HOME: folder };
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const denied = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { out, error } = await runCli(['check', ...args], '', { env });
    expect(error).toBe('');
    return [...out.matchAll(/^(\S+): deny (\S+): .*\[run-as-non-root\]$/gm)].map(
      ([, place = '', name = '']) => `${place.replace(`${folder}/`, '')} ${name}`,
    );
  };

  it('is judged at its template, of a chart in the chart, too', async () => {
    const chart = join(folder, 'chart');
    const other = 'chart/charts/sub/templates/other.yaml:12:9 tools/other';
    expect(await denied('--helm', chart, '--namespace', 'tools')).toEqual([other]);
    const given = await denied('--helm', chart, '--namespace', 'tools', '--values', join(folder, 'values.yaml'));
    expect([...given].sort()).toEqual([other, 'chart/templates/server.yaml:11:9 tools/search']);
    expect(await denied('--helm', chart, '--namespace', 'tools', '--set', 'user=0')).toHaveLength(2);
  });

  it('is judged at the resource of an overlay where that says so', async () => {
    expect(await denied('--kustomize', join(folder, 'overlay'))).toEqual(['base/server.yaml:11:9 default/my-search']);
    expect(await denied('--kustomize', join(folder, 'plain'))).toEqual(['plain/kustomization.yaml:1:1 default/search']);
  });

  it('is not judged where it fails, and says why', async () => {
    const { code, error } = await runCli(['check', '--helm', join(folder, 'base')], '', { env });
    expect(code).toBe(2);
    expect(error).toMatch(/base: helm template failed: .*Chart\.yaml/);
  });
});
