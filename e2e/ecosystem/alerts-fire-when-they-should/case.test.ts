/** @slow the first time promtool is built, which takes minutes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { toPromtoolTests } from '../../../scripts/alerts/alert-cases.ts';
import { alertsFile, readAlerts } from '../../../scripts/alerts/alerts.ts';
import { runCommand } from '../../../scripts/cluster/command.ts';
import { ensurePromtool } from '../../../scripts/cluster/packages/prometheus.ts';
import { resolveSettings } from '../../../scripts/cluster/settings.ts';

describe('the alerts of the chart', () => {
  const rules = fileURLToPath(alertsFile);
  let promtool: string;
  let folder: string;

  beforeAll(async () => {
    const { cache } = resolveSettings({}, process.env);
    promtool = await ensurePromtool(cache, (line) => process.stderr.write(`${line}\n`));
    folder = await mkdtemp(path.join(tmpdir(), 'mcp-lifecycle-alerts-'));
  }, 3_600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are rules that Prometheus takes', async () => {
    const { code, stdout, stderr } = await runCommand([promtool, 'check', 'rules', rules]);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  });

  it('fire when they should, and else do not', async () => {
    const file = path.join(folder, 'tests.yaml');
    await writeFile(file, stringify(toPromtoolTests(rules, readAlerts())));
    const { code, stdout, stderr } = await runCommand([promtool, 'test', 'rules', file]);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  });
});
