import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from './testing/run-cli.ts';

/** The programs are stand-ins that print what the real ones print: scripts/reading runs the real ones. */
describe('a chart and an overlay', () => {
  let folder = '';
  const path = process.env['PATH'];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'chart/templates'), { recursive: true });
    mkdirSync(join(folder, 'overlay'));
    writeFileSync(join(folder, 'chart/templates/server.yaml'), template);
    writeFileSync(join(folder, 'overlay/kustomization.yaml'), 'resources: [server.yaml]\n');
    writeFileSync(join(folder, 'overlay/server.yaml'), overlaid);
    process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path ?? ''}`;
  });

  afterAll(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });

  const program = (name: string, printed: string, code = 0): void => {
    const file = join(folder, 'bin', name);
    const stream = code === 0 ? '' : ' >&2';
    writeFileSync(
      file,
      `#!/bin/sh\nprintf '%s\\n' "$@" > "${folder}/arguments"\ncat${stream} <<'END'\n${printed}END\nexit ${code}\n`,
    );
    chmodSync(file, 0o755);
  };
  const shown = (text: string): string => text.replaceAll(`${folder}/`, '');

  it('are judged at their templates', async () => {
    program('helm', `---\n# Source: search/templates/server.yaml\n${rendered('search')}`);
    const { code, out } = await runCli(['check', '--helm', join(folder, 'chart'), '--values=-x.yaml', '--set', 'a=b']);
    expect(shown(out)).toMatch(/^chart\/templates\/server.yaml:11:9: deny default\/search: .*\[run-as-non-root\]$/m);
    expect(code).toBe(1);
    const given = readFileSync(join(folder, 'arguments'), 'utf8').trim().split('\n');
    expect(given).toEqual(['template', join(folder, 'chart'), '--namespace=default', '--values=-x.yaml', '--set=a=b']);
  });

  it('are judged at the resource that kustomize names, and else at the kustomization', async () => {
    const origin = '  annotations:\n    config.kubernetes.io/origin: |\n      path: server.yaml\n';
    program('kustomize', `${rendered('a').replace('spec:', `${origin}spec:`)}---\n${rendered('b')}`);
    const { out } = await runCli(['check', '--kustomize', join(folder, 'overlay')]);
    expect(shown(out)).toMatch(/^overlay\/server.yaml:11:9: deny default\/a: .*\[run-as-non-root\]$/m);
    expect(shown(out)).toMatch(/^overlay\/kustomization.yaml:1:1: deny default\/b: .*\[run-as-non-root\]$/m);
  });

  it('that cannot be rendered are unreadable input, with what the program said', async () => {
    program('helm', 'Error: \u001b[31mno template\n', 1);
    const { code, error } = await runCli(['check', '--helm', join(folder, 'chart')]);
    expect(code).toBe(2);
    expect(shown(error)).toContain('chart: helm template failed: Error: ');
    expect(error).not.toContain('\u001b');
  });

  it('need the program, and say which', async () => {
    process.env['PATH'] = join(folder, 'nothing');
    const chart = await runCli(['check', '--helm', join(folder, 'chart')]);
    const overlay = await runCli(['check', '--kustomize', join(folder, 'overlay')]);
    process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path ?? ''}`;
    expect([chart.code, overlay.code]).toEqual([2, 2]);
    expect(chart.error).toContain('--helm needs the program helm, which is not on the PATH');
    expect(overlay.error).toContain('--kustomize needs the program kustomize or kubectl');
  });

  it.each([
    [['--helm', '/does/not/exist'], '/does/not/exist: no such file or folder: pull the chart first'],
    [['--kustomize', '/does/not/exist'], '/does/not/exist: no such file or folder'],
    [['--values', 'a', '-'], '--values and --set are of a chart: name it with --helm'],
    [[], 'name at least one file or folder'],
  ])('are refused with a sentence: %j', async (args, message) => {
    const { code, error } = await runCli(['check', ...args]);
    expect(code).toBe(2);
    expect(error).toContain(message);
  });
});

const rendered = (name: string): string => `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: ${name}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  runtime:
    security:
      securityContext:
        runAsUser: 0
`;

const template = `{{- with .Values.user }}
apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search}
spec:
  source: {type: ContainerImage, containerImage: {ref: {{ $.Values.image }}}}
  config: {port: {{ $.Values.port }}}
  runtime:
    security:
      securityContext:
        runAsUser: {{ . }}
{{- end }}
`;

const overlaid = rendered('a').replace('runAsUser: 0', 'runAsUser: 1');
