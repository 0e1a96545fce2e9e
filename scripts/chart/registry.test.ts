import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../cluster/command.ts';
import { ensureChartTool } from '../cluster/packages/chart-tools.ts';
import { resolveSettings } from '../cluster/settings.ts';
import { ensureTools } from '../cluster/tools.ts';
import { chart, template } from './render.ts';

const guide = await readFile(new URL('../../docs/guides/install.md', import.meta.url), 'utf8');

/** The guide's commands of helm about a registry, in order. */
function helmCommandsOfGuide(): readonly string[] {
  const [, section = ''] = /## From a registry of your own\n([\s\S]*?)\n## /.exec(guide) ?? [];
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const lines = blocks.join('').replaceAll('\\\n', ' ').trim().split('\n');
  return lines.filter((line) => line.startsWith('helm '));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a registry', () => {
  const [pack = '', push = '', install = '', upgrade = ''] = helmCommandsOfGuide();
  const image = ['--set', 'image.registry=registry.example.com,image.repository=platform/mcp-lifecycle'];
  let folder: string;
  let tools: string;
  let host: string;
  let running: ChildProcess;
  let digest: string;

  /** As it stands in the guide, but for this registry, over plain HTTP. */
  async function run(line: string, ...more: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const words = line.replaceAll('registry.example.com/charts', `${host}/charts`).trim().split(/\s+/).slice(1);
    const { code, stdout, stderr } = await runCommand([`${tools}/helm`, ...words, ...more], { cwd: folder });
    if (code !== 0) throw new Error(stderr.trim());
    return { stdout, stderr };
  }

  /** What it would install: nothing of a cluster is asked. */
  async function rendered(line: string): Promise<string> {
    const asTemplate = line
      .replace(/^helm (install|upgrade)/, 'helm template')
      .replace('--reset-then-reuse-values', '');
    return (await run(asTemplate, '--plain-http', ...image)).stdout;
  }

  beforeAll(async () => {
    const { cache } = resolveSettings({}, process.env);
    const program = await ensureChartTool(cache, 'registry', () => undefined);
    tools = await ensureTools(cache);
    folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-registry-'));
    await cp(chart, join(folder, 'chart'), { recursive: true });
    const port = await freePort();
    host = `localhost:${port}`;
    running = spawn(program, ['-port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
    // It says at which port it serves.
    if (running.stderr !== null) await once(running.stderr, 'data');
  });

  afterAll(async () => {
    running.kill();
    await once(running, 'close');
    await rm(folder, { recursive: true });
  });

  it('takes the chart by the commands of the guide, and tells its digest', async () => {
    await run(pack);
    const { stdout, stderr } = await run(push, '--plain-http');
    [, digest = ''] = /Digest: (sha256:[0-9a-f]{64})/.exec(`${stdout}${stderr}`) ?? [];
    expect(digest).toMatch(/^sha256:/);
  });

  it('gives it back as it is in the folder, by its version and by its digest', async () => {
    const expected = await template(...image);
    expect(await rendered(install)).toBe(expected);
    const byDigest = upgrade.replace('--set image.digest=IMAGE_DIGEST', '').replace('DIGEST', digest);
    expect(await rendered(byDigest)).toBe(expected);
  });

  it('has nothing under another digest or version', async () => {
    const other = upgrade.replace('@DIGEST', `@sha256:${'0'.repeat(64)}`);
    await expect(rendered(other)).rejects.toThrow(/not found/);
    await expect(rendered(install.replace('0.1.0', '0.0.9'))).rejects.toThrow(/not found/);
  });

  it('gives the presets along', async () => {
    await run(`helm pull oci://registry.example.com/charts/mcp-lifecycle@${digest} --untar`, '--plain-http');
    const preset = 'presets/restricted-network.yaml';
    expect(await readFile(join(folder, 'mcp-lifecycle', preset), 'utf8')).toBe(
      await readFile(join(chart, preset), 'utf8'),
    );
  });
});
