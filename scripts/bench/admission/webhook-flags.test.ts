import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { at, render } from '../../chart/render.ts';
import { reconcilerFlags, webhookFlags } from './webhook-flags.ts';

it.each([
  ['webhook', webhookFlags],
  ['reconciler', reconcilerFlags],
])('the bench starts Node for the %s as the image and the chart do', async (name, flags) => {
  const dockerfile = await readFile(new URL('../../../Dockerfile', import.meta.url), 'utf8');
  const [, entryPoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const ofImage = (JSON.parse(entryPoint) as readonly string[]).filter((argument) => argument.startsWith('--'));

  const deployment = (await render()).find(({ kind }) => kind === 'Deployment');
  const containers = at(deployment, 'spec.template.spec.containers') as readonly unknown[];
  const found = containers.find((container) => at(container, 'name') === name);
  const environment = at(found, 'env') as readonly unknown[];
  const ofChart = String(
    at(
      environment.find((variable) => at(variable, 'name') === 'NODE_OPTIONS'),
      'value',
    ),
  );

  expect(flags).toEqual([...ofImage, ...ofChart.split(' ')]);
});
