import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeNpmPackage } from './npm-package.ts';

const top = mkdtempSync(join(tmpdir(), 'npm-package-'));
const folder = join(top, 'package');

beforeAll(() => writeNpmPackage(folder));
afterAll(() => {
  rmSync(top, { recursive: true });
});

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

function pack(...options: readonly string[]): Packed {
  const { stdout, status, stderr } = spawnSync('npm', ['pack', '--json', ...options, folder], {
    cwd: top,
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const [packed] = JSON.parse(stdout) as readonly Packed[];
  if (packed === undefined) throw new Error('nothing was packed');
  return packed;
}

it('holds one program and what has to be beside it, and nothing else', () => {
  const { files } = pack('--dry-run');
  const parts = [
    'check',
    'command-line',
    'kubeconfig',
    'manifests',
    'mcp-lifecycle',
    'other-commands',
    'pod-tunnel',
    'yaml',
  ].map((name) => `${name}.cjs`);
  const names = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES', ...parts, 'package.json'];
  expect(files.map(({ path }) => path).sort()).toEqual(names.sort());
  expect(files.find(({ path }) => path === 'mcp-lifecycle.cjs')?.mode).toBe(0o755);
});

it('brings nothing else along', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const project = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
  expect(manifest['version']).toBe(project['version']);
  expect(Object.keys(manifest).filter((key) => /dependencies|scripts|private/i.test(key))).toEqual([]);
});

it('says under which licence each package is that it is made of', () => {
  const text = readFileSync(join(folder, 'THIRD-PARTY-NOTICES'), 'utf8');
  for (const name of ['yaml', '@marcbachmann/cel-js', '@kubernetes/client-node', 'jsonpath-plus'])
    expect(text).toMatch(new RegExp(`^# ${name} `, 'm'));
  expect(text).not.toContain('(no licence)');
});

it('installs a command that judges', () => {
  const { filename } = pack();
  const install = ['install', '--prefix', top, '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const installed = spawnSync('npm', [...install, join(top, filename)], { cwd: top, encoding: 'utf8' });
  expect({ status: installed.status, said: installed.status === 0 ? '' : installed.stderr }).toEqual({
    status: 0,
    said: '',
  });
  const command = join(top, 'node_modules/.bin/mcp-lifecycle');
  expect(existsSync(command)).toBe(true);
  const manifest = 'apiVersion: mcp.x-k8s.io/v1beta1\nkind: MCPServer\nmetadata: {name: search}\nspec: {}\n';
  const { status, stdout } = spawnSync(command, ['check', '-'], { input: manifest, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('spec.config: required value') });
});
