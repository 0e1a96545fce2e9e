import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { chart } from './render.ts';

/** The manifest that the notes of a release have people try by hand. */
function readProbe(): string {
  const notes = readFileSync(`${chart}templates/NOTES.txt`, 'utf8');
  const [, probe = ''] = /--dry-run=server -f - <<EOF\n(.*?)\n *EOF\n/s.exec(notes) ?? [];
  return probe.replaceAll(/\{\{.*?\}\}/g, 'default');
}

describe('the check by hand of the notes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'));

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(['restricted', 'baseline', 'audit-only'])(
    'is denied as they say, whatever the policy (under a milder one it passed): %s',
    async (profile) => {
      const policy = join(folder, 'policy.yaml');
      writeFileSync(policy, `apiVersion: mcp-lifecycle.policy/v1alpha1\nkind: Policy\nextends: ${profile}\n`);
      const { code, out } = await runCli(['check', '--policy', policy, '-'], readProbe());
      expect(out).toContain('[name-usable]');
      expect(code).toBe(1);
    },
  );
});
