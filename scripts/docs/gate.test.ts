import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { namesOf } from '../../webhooks/cli/names-of.ts';
import { reportOutputs } from '../../webhooks/cli/outputs.ts';

const guide = readFileSync('docs/guides/gate.md', 'utf8');
const top = realpathSync(mkdtempSync(join(tmpdir(), 'gate-')));
const work = join(top, 'work');
const bin = join(top, 'bin');

const tolerated = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search, namespace: tools}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
  runtime: {security: {securityContext: {runAsUser: 0}}}
`;
const fine = tolerated.replace(/ {2}runtime: .*\n/, '');

/** A program of the name that does this. */
function standIn(name: string, script: string): void {
  const file = join(bin, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

function git(folder: string, ...args: readonly string[]): void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

beforeAll(() => {
  mkdirSync(bin);
  standIn('mcp-lifecycle', `exec "${process.execPath}" "${resolve('webhooks/main.ts')}" "$@"`);
  standIn('npm', `mkdir -p .gate/node_modules/.bin && ln -sf "${bin}/mcp-lifecycle" .gate/node_modules/.bin/`);
  standIn('kustomize', 'cat deploy/*.yaml');
  standIn('flux', 'cat deploy/*.yaml');
  const origin = join(top, 'origin');
  mkdirSync(join(origin, 'deploy'), { recursive: true });
  git(origin, 'init', '--quiet', '--initial-branch=main');
  writeFileSync(join(origin, 'deploy/search.yaml'), tolerated);
  git(origin, 'add', '--all');
  git(origin, 'commit', '--quiet', '--message', 'base');
  git(top, 'clone', '--quiet', '--depth=1', `file://${origin}`, work);
});

afterAll(() => {
  rmSync(top, { recursive: true });
});

interface Run {
  readonly code: number | null;
  readonly said: string;
  readonly out: string;
}

/** In the clone, with these manifests, as a step of a pipeline would run it. */
function run(script: string, manifests: string, env: Readonly<Record<string, string>> = {}): Run {
  writeFileSync(join(work, 'deploy/search.yaml'), manifests);
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script], {
    cwd: work,
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...env },
  });
  return { code: status, said: `${stdout}${stderr}`, out: stdout };
}

const fenced = (language: string, holds: string): string => {
  const blocks = [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );
  const [block = ''] = blocks.filter((text) => text.includes(holds));
  expect(block).not.toBe('');
  return block;
};

const added = `${tolerated}---\n${tolerated.replace('name: search', 'name: added')}`;

describe.each([
  [
    'GitLab',
    () =>
      (
        parse(fenced('yaml', 'CI_MERGE_REQUEST')) as { mcpservers: { script: readonly string[] } }
      ).mcpservers.script.join('\n'),
    { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' },
    ['gl-code-quality-report.json', 'mcpservers.xml'],
  ],
  [
    'Jenkins',
    () => [...fenced('groovy', 'pipeline').matchAll(/sh '([^']*)'/g)].map(([, line = '']) => line).join('\n'),
    { CHANGE_TARGET: 'main' },
    ['mcpservers.xml'],
  ],
] as const)('the sample for %s', (_name, script, env, files) => {
  it('passes what the target branch has, and writes its reports', () => {
    expect(run(script(), tolerated, env)).toMatchObject({ code: 0, said: expect.stringContaining('tolerated') });
    for (const file of files) expect(existsSync(join(work, file))).toBe(true);
  });

  it('fails for what is new', () => {
    expect(run(script(), added, env)).toMatchObject({ code: 1, said: expect.stringMatching(/ deny tools\/added/) });
    for (const file of files) expect(readFileSync(join(work, file), 'utf8')).toContain('run-as-non-root');
  });
});

describe('the sample for Argo CD', () => {
  const script = (): string => {
    const plugin = parse(fenced('yaml', 'ConfigManagementPlugin')) as {
      spec: { generate: { command: readonly string[]; args: readonly string[] } };
    };
    expect(plugin.spec.generate.command).toEqual(['sh', '-euc']);
    return (plugin.spec.generate.args[0] ?? '').replaceAll('/tmp/', `${top}/`);
  };
  const env = { ARGOCD_APP_NAMESPACE: 'tools' };

  it('gives Argo CD the manifests that are fine', () => {
    expect(run(script(), fine, env)).toMatchObject({ code: 0, out: fine });
  });

  it('gives it none where one is refused', () => {
    expect(run(script(), tolerated, env)).toMatchObject({ code: 1, out: '' });
  });
});

it('the sample for Flux judges what Flux would apply', () => {
  const script = fenced('sh', 'flux build');
  expect(run(script, fine).code).toBe(0);
  expect(run(script, tolerated).code).toBe(1);
});

describe('the action', () => {
  interface Step {
    readonly shell: string;
    readonly env: Readonly<Record<string, string>>;
    readonly run: string;
  }
  const action = parse(readFileSync('action.yml', 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
    readonly runs: { readonly steps: readonly [Step] };
  };
  const [step] = action.runs.steps;

  /** As the runner: each variable is an input, as it was given or by default. */
  function act(inputs: Readonly<Record<string, string>>, manifests: string): Run {
    const entries = Object.entries(step.env).map(([name, expression]): readonly [string, string] => {
      const [, input = ''] = /^\$\{\{ inputs\.([a-z-]+) \}\}$/.exec(expression) ?? [];
      expect(Object.keys(action.inputs)).toContain(input);
      return [name, inputs[input] ?? action.inputs[input]?.default ?? ''];
    });
    const files = { GITHUB_STEP_SUMMARY: join(top, 'summary.md'), GITHUB_OUTPUT: join(top, 'output') };
    rmSync(files.GITHUB_OUTPUT, { force: true });
    return run(step.run, manifests, { ...Object.fromEntries(entries), ...files, GITHUB_ACTION_PATH: resolve('.') });
  }

  it('annotates, summarises, writes SARIF and fails for what is new', () => {
    const inputs = { paths: 'deploy', base: 'origin/main', sarif: 'mcpservers.sarif', 'fail-on': 'warn' };
    expect(act(inputs, tolerated)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^::notice file=deploy\/search\.yaml,/),
    });
    expect(act(inputs, added)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^::error file=deploy\/search\.yaml,/),
    });
    expect(readFileSync(join(top, 'summary.md'), 'utf8')).toContain('| fails | deploy');
    expect(readFileSync(join(top, 'output'), 'utf8')).toBe('exit-code=1\n');
    expect(JSON.parse(readFileSync(join(work, 'mcpservers.sarif'), 'utf8'))).toMatchObject({ version: '2.1.0' });
  });

  it('leaves to the defaults of the repository what no input says', () => {
    const file = join(work, '.mcp-lifecycle.yaml');
    const warned = fine.replace('search:1.4.0', 'search:latest');
    expect(act({ paths: 'deploy' }, warned)).toMatchObject({ code: 0, said: expect.stringContaining('::warning ') });
    writeFileSync(file, 'check:\n  fail-on: warn\n  namespace: tools\n');
    expect(act({ paths: 'deploy' }, warned).code).toBe(1);
    expect(act({ paths: 'deploy', 'fail-on': 'deny' }, warned).code).toBe(0);
    const unnamed = warned.replace(', namespace: tools', '');
    expect(act({ paths: 'deploy' }, unnamed).said).toContain('tools/search');
    expect(act({ paths: 'deploy', namespace: 'shop' }, unnamed).said).toContain('shop/search');
    rmSync(file);
  });

  it('takes several paths and options, one a line, and nothing in them for more than that', () => {
    const paths = '\n  deploy/search.yaml\n  $(touch evil) `touch evil`; touch evil\n  --allow-empty\n';
    const { code, said } = act({ paths, arguments: '--namespace\nother' }, fine);
    expect(code).toBe(2);
    expect(said).toContain('$(touch evil) `touch evil`; touch evil: no such file');
    expect(said).toContain('--allow-empty: no such file');
    expect(existsSync(join(work, 'evil'))).toBe(false);
  });

  it('has inputs of which the sample uses those that are there', () => {
    const workflow = parse(fenced('yaml', 'pull_request')) as {
      jobs: { mcpservers: { steps: readonly { with?: Readonly<Record<string, string>>; uses: string }[] } };
    };
    const ours = workflow.jobs.mcpservers.steps.find(({ uses }) => uses.startsWith('example/mcp-lifecycle'));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(ours?.with ?? {})));
    expect(ours).toBeDefined();
  });
});

describe('the hooks of pre-commit', () => {
  const hooks = parse(readFileSync('.pre-commit-hooks.yaml', 'utf8')) as readonly {
    readonly id: string;
    readonly language: string;
    readonly entry: string;
  }[];

  it.each(hooks.map(({ id }) => id))('%s passes what is fine, and refuses what is not', (id) => {
    const { entry = '', language = '' } = hooks.find((hook) => hook.id === id) ?? {};
    // A script is looked for in the repository of the hook.
    const command = language === 'script' ? `${resolve('.')}/${entry}` : entry;
    expect(run(`${command} deploy/search.yaml`, fine).code).toBe(0);
    expect(run(`${command} deploy/search.yaml`, tolerated).code).toBe(1);
    expect(run(`${command} deploy/search.yaml`, 'kind: Other\n').code).toBe(0);
  });

  it('are those that the sample names', () => {
    const config = parse(fenced('yaml', 'hooks:')) as {
      repos: readonly { hooks: readonly { id: string }[] }[];
    };
    const named = config.repos.flatMap((repo) => repo.hooks.map(({ id }) => id));
    expect(hooks.map(({ id }) => id)).toEqual(expect.arrayContaining(named));
    expect(named).not.toEqual([]);
  });
});

it('the page says of each sample what is tried of it', () => {
  const [, table = ''] =
    /\| Sample \| What tests run \| What no test runs \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(guide) ?? [];
  const rows = [...table.matchAll(/^\| (.+?) \|/gm)].map(([, name]) => name);
  const sections = [...guide.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  const others = ['Outputs', 'As the update that it is', 'What is tried of this page'];
  expect(rows).toEqual(sections.filter((name) => name === undefined || !others.includes(name)));
});

it('the page has a row for each output, and every sample can be read', () => {
  const [, table = ''] = /\| Output \| For whom \| What it is \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(guide) ?? [];
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual(namesOf(reportOutputs));
  for (const [, text = ''] of guide.matchAll(/```yaml\n([\s\S]*?)```/g)) {
    for (const document of parseAllDocuments(text)) expect(document.errors).toEqual([]);
  }
});
