/** @slow a version that does not exist is proven twice, for all of its 45 s. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { apply } from '../../harness/kubectl.ts';
import { imageOf, oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const guide = readFileSync('docs/guides/safe-upgrades.md', 'utf8');
const [section = ''] = /^## Try it\n[\s\S]*?(?=^## )/m.exec(guide) ?? [];

/** `$ command`, and the lines that it prints, in the order of the page. */
const runs = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).filter((text) => text !== ''))
  .map((text) => {
    const [command = '', ...printed] = text.split('\n').filter((line) => line !== '');
    return { command, printed };
  });

/** Of a version that starts fast, a phase may be over before anybody has looked. */
const passed = /: (Proving|Rolling), /;

/** In place of the 20 seconds of the page. */
const deadlineSeconds = 45;

/** What stands for anything in a line that is shown. */
const anything = '…';

describe('the guide to safe upgrades', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, oddServer('search', 'good'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  /** As the page has it, in this namespace, with the image that is there for the one that it names. */
  const asHere = (text: string): string =>
    text
      // Why an image cannot be pulled is known later than that on a busy machine.
      .replaceAll('"deadlineSeconds":20}', `"deadlineSeconds":${deadlineSeconds}}`)
      .replaceAll('within 20 s', `within ${deadlineSeconds} s`)
      .replaceAll('-n tools', `-n ${namespace}`)
      .replaceAll('registry.example.com/tools/search:1.4.0', imageOf('odd-mcp-server'))
      .replaceAll(/(?<=^|; )mcp-lifecycle /gm, `'${process.execPath}' webhooks/main.ts `);

  const run = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn('sh', ['-c', asHere(command)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
      child.once('error', reject);
      child.once('close', () => {
        resolve(text);
      });
    });

  it('prints what it shows, line after line; others may stand between them', async () => {
    expect(runs.length).toBeGreaterThan(8);
    for (const { command, printed } of runs) {
      const lines = (await run(command)).split('\n');
      const isFast = printed.includes('exit code 0');
      const missing = printed.filter((shown) => {
        if (isFast && passed.test(shown)) return false;
        const at = lines.findIndex((line) =>
          patternOf(asHere(shown).replaceAll('tools/search: ', `${namespace}/search: `)).test(line),
        );
        if (at === -1) return true;
        lines.splice(0, at + 1);
        return false;
      });
      expect({ command, missing, lines: missing.length === 0 ? [] : lines }).toEqual({
        command,
        missing: [],
        lines: [],
      });
    }
  });
});

/** Blanks of a table are as many as its columns need here. */
function patternOf(shown: string): RegExp {
  const parts = shown
    .split(anything)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, ' +'));
  return new RegExp(`^${parts.join('.*')} *$`);
}
