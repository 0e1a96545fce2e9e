import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { exitCodes } from '../../webhooks/cli/exit-code.ts';
import { RECONCILE_ERROR } from '../../webhooks/core/plan/quarantine.ts';
import { expandedKinds } from '../../webhooks/core/resources/index.gen.ts';
import { isAsked, isOptional } from '../../webhooks/core/resources/optional-kind.ts';
import { rules } from '../../webhooks/core/rules/index.gen.ts';
import { anchorsOf } from './anchors.ts';

const topFolders = ['webhooks', 'chart', 'crds', 'scripts', 'e2e', 'docs', '.ci'];

/** Every page written by a person or generated: the promise is the same. */
function pages(): readonly string[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'scripts/cluster/README.md', ...docs].filter(
    (page) => existsSync(page),
  );
}

/** `webhooks/core/rules/<id>.ts` is a pattern, not a path. */
const isPattern = (text: string): boolean => /[<>*…{}$\s]/.test(text);

function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

function namedPaths(text: string): readonly string[] {
  return codeSpans(text).filter(
    (span) => topFolders.some((folder) => span.startsWith(`${folder}/`)) && !isPattern(span),
  );
}

interface Link {
  /** Empty is the page itself. */
  readonly target: string;
  readonly anchor: string | undefined;
}

function links(text: string): readonly Link[] {
  // Patterns in code look like links.
  return [...text.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
    .map(([, target = '', anchor]) => ({ target, anchor }))
    .filter(({ target }) => !target.includes('://'));
}

function npmScripts(text: string): readonly string[] {
  return [...text.matchAll(/npm run (?:--silent )?([a-z0-9:-]+)/g)].map((match) => match[1] ?? '');
}

describe.each(pages())('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('lays no file of values over those of the release before, where a deleted line of a policy would stay in force', () => {
    const commands = text.replaceAll('\\\n', ' ').match(/^helm upgrade .*$/gm) ?? [];
    expect(commands.filter((line) => line.includes('reuse-values') && /--values|-f /.test(line))).toEqual([]);
  });

  it('names only paths that exist', () => {
    expect(namedPaths(text).filter((path) => !existsSync(path.replace(/[:#].*$/, '')))).toEqual([]);
  });

  it('links only to pages that exist', () => {
    expect(links(text).filter(({ target }) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  it('links only to headings that exist', () => {
    const isThere = ({ target, anchor = '' }: Link): boolean =>
      anchorsOf(target === '' ? text : readFileSync(join(dirname(page), target), 'utf8')).has(anchor);
    expect(links(text).filter((link) => link.anchor !== undefined && !isThere(link))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(npmScripts(text).filter((script) => !(script in manifest.scripts))).toEqual([]);
  });
});

it('the README leads to every guide and every page of reference', () => {
  const linked = links(readFileSync('README.md', 'utf8')).map(({ target }) => target);
  const ours = pages().filter((page) => /^docs\/(guides|reference)\//.test(page));
  expect(ours.filter((page) => !linked.includes(page))).toEqual([]);
});

/** MCPServers shown in pages; the pages of rules also show what must be refused, and the rules' own tests judge those. */
const samples = pages()
  .filter((page) => !page.startsWith(join('docs', 'rules')))
  .flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
      .map((match) => match[1] ?? '')
      .filter((text) => /^kind: MCPServer$/m.test(text))
      .map((text, index) => [`${page}, sample ${index + 1}`, text] as const),
  );

it('shows at least one MCPServer', () => {
  expect(samples).not.toEqual([]);
});

it.each(samples)('%s is accepted by check, without a warning', (_, text) => {
  const args = ['webhooks/main.ts', 'check', '--fail-on', 'warn', '-'];
  const check = spawnSync(process.execPath, args, { input: text, encoding: 'utf8' });
  expect({ code: check.status, text: check.stdout }).toMatchObject({ code: 0 });
});

/** Policies shown in pages; those of the guide to policies are tried together with its files. */
const policies = pages()
  .filter((page) => page !== join('docs', 'guides', 'policy.md'))
  .flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
      .map((match) => match[1] ?? '')
      .filter((text) => /^kind: Policy$/m.test(text))
      .map((text, index) => [`${page}, policy ${index + 1}`, text] as const),
  );

it('shows policies beside the guide to them', () => {
  expect(policies.length).toBeGreaterThan(1);
});

it.each(policies)('%s is one, without a warning', (_, text) => {
  const args = ['webhooks/main.ts', 'policy', 'check', '--fail-on', 'warning', '-'];
  const check = spawnSync(process.execPath, args, { input: text, encoding: 'utf8' });
  expect({ code: check.status, text: check.stdout }).toMatchObject({ code: 0 });
});

describe('the Git hook of the guide', () => {
  const placeholder = "MCP='node path/to/mcp-lifecycle.cjs'";
  const guide = readFileSync('docs/guides/gate-a-pull-request.md', 'utf8');
  const hook = /```sh\n(#!\/bin\/sh\n[\s\S]*?)```/.exec(guide)?.[1] ?? '';
  const fine = `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata: {name: search}
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080}
`;

  /** Where `git push` would run it: on top of a work tree with this file. */
  function push(manifest: string): { readonly code: number | null; readonly said: string } {
    const top = mkdtempSync(join(tmpdir(), 'hook-'));
    try {
      writeFileSync(join(top, 'server.yaml'), manifest);
      const script = hook
        .replace(placeholder, `MCP='${process.execPath} ${resolve('webhooks/main.ts')}'`)
        .replace('deploy/', '.');
      const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { cwd: top, encoding: 'utf8' });
      return { code: status, said: `${stdout}${stderr}` };
    } finally {
      rmSync(top, { recursive: true });
    }
  }

  it('names the program in one place', () => {
    expect(hook).toContain(placeholder);
  });

  it('lets pass what is fine', () => {
    expect(push(fine)).toMatchObject({ code: 0 });
  });

  it('stops a field that kubectl would refuse', () => {
    const { code, said } = push(fine.replace('port: 8080', 'port: 8080, prot: 1'));
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('unknown field "spec.config.prot"') });
  });

  it('shows refusals also when a part of the input cannot be read', () => {
    const { code, said } = push(`${fine.replace('8080', '"8080"')}---\na: 1\na: 2\n`);
    expect(code).not.toBe(0);
    expect(said).toContain('spec.config.port: ');
    expect(said).toContain("the key 'a' stands twice");
  });
});

it('decision 0014 names exactly the rules that say that they are about privileges', () => {
  const page = readFileSync('docs/decisions/0014-privileges-as-the-restricted-standard.md', 'utf8');
  const [sentence = ''] = /^\*\*Decision\.\*\* The rules .* together refuse/m.exec(page) ?? [];
  const marked = rules.filter(({ isAboutPrivileges }) => isAboutPrivileges === true).map(({ id }) => id);
  expect(codeSpans(sentence)).toEqual(marked);
});

it('has a row for each exit code, and for no other', () => {
  const guide = readFileSync('docs/guides/gate-a-pull-request.md', 'utf8');
  const [, table = ''] = /\| Exit code \| Meaning \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(guide) ?? [];
  expect([...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))).toEqual(Object.values(exitCodes));
});

/** Reason and action of the events that are sent, each as far as the source says it in words. */
function sentEvents(): readonly (readonly string[])[] {
  const reconciler = readdirSync('webhooks/reconciler')
    .filter((name) => /^(tell-.*|status-writer)\.ts$/.test(name))
    .map((name) => join('webhooks/reconciler', name));
  const source = ['webhooks/core/plan/events.ts', ...reconciler].map((file) => readFileSync(file, 'utf8')).join('\n');
  const rollout = readFileSync('webhooks/core/plan/rollout.ts', 'utf8');
  const literals = [
    /\['(\w+)', '(\w+)'\]/g,
    /warning\('(\w+)', '(\w+)'/g,
    /reason: '(\w+)',\s*action: '(\w+)'/g,
    /(?:warning|normal)\([\w.]+, '(\w+)'/g,
  ].flatMap((pattern) => {
    const found = [...source.matchAll(pattern)].map(([, ...words]) => words);
    // A shape that is written otherwise now would look for nothing.
    expect({ pattern, found }).not.toEqual({ pattern, found: [] });
    return found;
  });
  const stalled = rollout.matchAll(/\{ (?:state: 'stalled', )?reason: '(\w+)', message/g);
  const reasons = [...stalled].map(([, reason = '']) => [reason, 'RolloutStalled']);
  expect(reasons).not.toEqual([]);
  // Of a kind that no condition speaks of, no event does either.
  const spokenOf = expandedKinds.filter((of) => !isOptional(of) || isAsked(of));
  const kinds = spokenOf.map(({ unavailable: { reason, eventAction } }) => [reason, eventAction]);
  return [...literals, ...reasons, ...kinds, [RECONCILE_ERROR, 'Reconcile']];
}

it('the guide has a row for each event that is sent, with its reason and its action', () => {
  const guide = readFileSync('docs/guides/troubleshooting.md', 'utf8');
  const [, table = ''] = /\| Type, reason, action \| When \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(guide) ?? [];
  const rows = table.split('\n').map((row) => codeSpans(row.split(' | ')[0] ?? ''));
  const isTold = (event: readonly string[]): boolean => rows.some((row) => event.every((word) => row.includes(word)));
  expect(sentEvents().filter((event) => !isTold(event))).toEqual([]);
});
