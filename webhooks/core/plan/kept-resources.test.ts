import { expect, it } from '@jest/globals';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { prepared } from '../testing/evaluate-rules.ts';
import { keepResources } from './kept-resources.ts';

const resources = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } };
const said = { limits: { memory: '1Gi' } };

it.each<[string, 'default' | 'reference', boolean, object | undefined, object | undefined]>([
  ['keep those that newer builds of the reference operator gave them', 'reference', true, undefined, resources],
  ['get none where its releases gave them none', 'reference', false, undefined, undefined],
  ['have those that the author says', 'reference', true, said, said],
  ['have our defaults under the default profile, whatever stands there', 'default', false, undefined, resources],
])('pods of which nobody says resources, or somebody does, %s', (_, profile, hasDefaultResources, wrote, wanted) => {
  const server = anMCPServer(withSpec({ runtime: wrote === undefined ? {} : { resources: wrote } }));
  const subject = prepared(server, profile);
  const observed = hasDefaultResources ? [{}, { hasDefaultResources: true as const }] : [{}];
  expect(keepResources(subject, observed, profile).server.spec.runtime?.resources).toEqual(wanted);
});
