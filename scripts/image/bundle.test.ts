import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleProgram, nodeGuard, writeImageParts } from './bundle.ts';

/** What the guard says, and the exit code that it ends the process with. */
function runOn(version: string): { readonly said: string; readonly code: number | undefined } {
  let said = '';
  let code: number | undefined;
  const process = {
    version: `v${version}`,
    versions: { node: version },
    stderr: { write: (text: string) => (said += text) },
    exit: (with_: number) => (code = with_),
  };
  runInNewContext(nodeGuard, { process });
  return { said, code };
}

describe('the first lines of the bundle', () => {
  it.each(['20.12.0', '22.0.0', '24.21.0', '100.1.0'])('say nothing on Node %s', (version) => {
    expect(runOn(version)).toEqual({ said: '', code: undefined });
  });

  it.each(['20.11.1', '18.20.8', '4.9.1'])('end with 2 on Node %s, and say what is needed', (version) => {
    expect(runOn(version)).toEqual({
      said: `mcp-lifecycle needs Node 20.12 or newer, found v${version}: run it with a newer one, or from its image.\n`,
      code: 2,
    });
  });

  it('use no syntax that an old Node does not read', () => {
    expect(nodeGuard).not.toMatch(/const |let |=>|`|\?\.|\?\?/);
  });
});

describe('the command line as one file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
  const program = join(folder, 'one.cjs');
  beforeAll(async () => {
    writeFileSync(program, await bundleProgram());
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(['webhook', 'reconciler', 'bridge', 'await-admission', 'network-target'])(
    'says that %s runs from the image',
    (name) => {
      const { status, stderr } = spawnSync(process.execPath, [program, name], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(`${name} runs in a cluster`) });
    },
  );

  it('calls nothing that the oldest Node has not (doctor ended with "Map.groupBy is not a function")', () => {
    expect(readFileSync(program, 'utf8')).not.toMatch(
      /\b(?:Map|Object)\.groupBy\b|\.withResolvers\b|\bArray\.fromAsync\b/,
    );
  });

  it('reads a kubeconfig when it is asked to, which is a text until then', () => {
    const env = { ...process.env, KUBECONFIG: join(folder, 'none') };
    const { status, stderr } = spawnSync(process.execPath, [program, 'report'], { encoding: 'utf8', env });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(`there is no file ${env.KUBECONFIG}, which KUBECONFIG names`),
    });
    // In a text quotes are escaped.
    expect(readFileSync(program, 'utf8')).toMatch(/new Function\("require", ?"module", ?"exports", ?['"`]/);
  });

  it('holds nothing of them: it is read as a whole before it judges anything', () => {
    const text = readFileSync(program, 'utf8');
    expect(text).toMatch(/YAMLParseError/);
    expect(text).not.toMatch(/AdmissionReview|leaseDurationSeconds/);
  });
});

describe('the files of the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
  beforeAll(() => writeImageParts(folder));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): readonly unknown[] => {
    const program = join(folder, 'mcp-lifecycle.cjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8' });
    return [status, stdout, stderr];
  };

  it('are the command line', () => {
    expect(run(['version'])).toEqual([0, expect.stringMatching(/^mcp-lifecycle \d/), '']);
    expect(run(['explain', 'run-as-non-root'])).toEqual([0, expect.stringContaining('run-as-non-root'), '']);
  });

  it.each(['webhook', 'reconciler', 'await-admission'])('are the program %s', (name) => {
    expect(run([name])).toEqual([2, '', expect.stringContaining('POD_NAMESPACE is not set')]);
  });

  it('are the program bridge, which knows nothing of Kubernetes', () => {
    expect(run(['bridge'])).toEqual([2, '', expect.stringContaining('MCP_SOCKET is not set')]);
    expect(readFileSync(join(folder, 'bridge.cjs'), 'utf8')).not.toMatch(
      /AdmissionReview|KUBERNETES_SERVICE_HOST|leaseDuration/,
    );
  });

  it('are the program network-target, which is nothing but a listener', () => {
    expect(readFileSync(join(folder, 'network-target.cjs')).length).toBeLessThan(40_000);
  });

  it('are what reads a kubeconfig, where there is one', () => {
    const env = { POD_NAMESPACE: 'mcp-lifecycle-system', KUBECONFIG: join(folder, 'none') };
    const [code, out] = run(['await-admission'], env);
    expect(code).toBe(3);
    expect(out).toContain(`there is no file ${env.KUBECONFIG}, which KUBECONFIG names`);
  });

  it('hold nothing of the command line in the programs of the cluster', () => {
    for (const name of ['webhook', 'reconciler', 'bridge', 'await-admission', 'network-target'])
      expect(readFileSync(join(folder, `${name}.cjs`), 'utf8')).not.toMatch(/YAMLParseError|--fail-on|KubeConfig/);
    expect(readFileSync(join(folder, 'yaml.cjs'), 'utf8')).toMatch(/YAMLParseError/);
  });

  it('hold of the rules only what judges, where nobody reads their pages (among 1,200 tenants the reconciler ended: heap limit)', () => {
    const text = (name: string): string => readFileSync(join(folder, `${name}.cjs`), 'utf8');
    for (const name of ['webhook', 'reconciler', 'await-admission'])
      // `rejects:` is in each rule's examples; whoever read either field there would name it.
      expect(text(name)).not.toMatch(/rejects:|\brationale\b|\.examples\b/);
    expect(text('check')).not.toMatch(/rejects:/);
    expect(text('check')).toMatch(/\brationale:/);
    expect(text('other-commands')).toMatch(/rejects:/);
  });

  it('hold in the reconciler no word of why an object is invalid, but load it when it is asked (a fifth of its text)', () => {
    const text = (name: string): string => readFileSync(join(folder, `${name}.cjs`), 'utf8');
    expect(text('reconciler')).not.toMatch(/keyword:"required"/);
    expect(text('reconciler')).toMatch(/require\("\.\/why-invalid\.cjs"\)/);
    const script = `console.log(JSON.stringify(require('./why-invalid.cjs').errorsOf({ kind: 'MCPServer' })))`;
    const { stdout } = spawnSync(process.execPath, ['--eval', script], { cwd: folder, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ keyword: 'required' }));
  });

  it('have every command but check in a file that check does not load', () => {
    const text = (name: string): string => readFileSync(join(folder, `${name}.cjs`), 'utf8');
    // Each says in its help what its exit codes mean.
    expect(text('check').match(/synopsis:["`]/g)).toHaveLength(1);
    expect(text('command-line')).not.toMatch(/synopsis:["`]/);
    expect(text('other-commands').match(/synopsis:["`]/g)?.length).toBeGreaterThan(10);
  });
});
