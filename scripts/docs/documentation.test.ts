import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

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

function links(text: string): readonly string[] {
  // Patterns in code look like links.
  return [...text.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !target.includes('://'));
}

function npmScripts(text: string): readonly string[] {
  return [...text.matchAll(/npm run (?:--silent )?([a-z0-9:-]+)/g)].map((match) => match[1] ?? '');
}

describe.each(pages())('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names only paths that exist', () => {
    expect(namedPaths(text).filter((path) => !existsSync(path.replace(/[:#].*$/, '')))).toEqual([]);
  });

  it('links only to pages that exist', () => {
    expect(links(text).filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(npmScripts(text).filter((script) => !(script in manifest.scripts))).toEqual([]);
  });
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

it.each(samples)('%s is accepted by check', (_, text) => {
  const check = spawnSync(process.execPath, ['webhooks/main.ts', 'check', '-'], { input: text, encoding: 'utf8' });
  expect({ code: check.status, text: check.stdout }).toMatchObject({ code: 0 });
});
