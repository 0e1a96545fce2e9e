import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { at, render } from '../../chart/render.ts';
import { webhookFlags } from './webhook-flags.ts';

it('the bench starts Node as the image and the chart do', async () => {
  const dockerfile = await readFile(new URL('../../../Dockerfile', import.meta.url), 'utf8');
  const [, entryPoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const ofImage = (JSON.parse(entryPoint) as readonly string[]).filter((argument) => argument.startsWith('--'));

  const deployment = (await render()).find(({ kind }) => kind === 'Deployment');
  const containers = at(deployment, 'spec.template.spec.containers') as readonly unknown[];
  const webhook = containers.find((container) => at(container, 'name') === 'webhook');
  const environment = at(webhook, 'env') as readonly unknown[];
  const ofChart = String(
    at(
      environment.find((variable) => at(variable, 'name') === 'NODE_OPTIONS'),
      'value',
    ),
  );

  expect(webhookFlags).toEqual([...ofImage, ...ofChart.split(' ')]);
});
