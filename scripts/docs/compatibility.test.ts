import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const page = readFileSync('docs/compatibility.md', 'utf8');
const [, tables = ''] = /^## Row by row$(.*?)(?=^## |$(?![\s\S]))/ms.exec(page) ?? [];
const rows = tables
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| The reference |'))
  .map((line) => line.split(/(?<!\\) \| /));

interface Proof {
  readonly title: string;
  readonly file: string;
}

function proofsOf(cell: string): readonly Proof[] {
  return [...cell.matchAll(/\[((?:[^\]\\]|\\.)+)\]\(\.\.\/([^)]+\.test\.ts)\)/g)].map(([, title = '', file = '']) => ({
    title,
    file,
  }));
}

describe('each row about the reference operator', () => {
  it.each(rows.map((cells) => [cells[0]?.slice(2) ?? '', cells] as const))(
    'says what becomes of it in both profiles, and names tests that exist: %s',
    (_, cells) => {
      expect(cells).toHaveLength(4);
      const proofs = proofsOf(cells[3] ?? '');
      expect(proofs).not.toHaveLength(0);
      const missing = proofs.filter(
        ({ title, file }) => !existsSync(join(file)) || !readFileSync(file, 'utf8').includes(title),
      );
      expect(missing).toEqual([]);
    },
  );

  it('is there', () => {
    expect(rows.length).toBeGreaterThan(80);
  });
});
