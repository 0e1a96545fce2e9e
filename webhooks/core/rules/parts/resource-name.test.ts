import { expect, it } from '@jest/globals';
import { canOvercommit, isExtendedResource, isResourceName } from './resource-name.ts';

it.each([
  ['cpu', { isName: true, isExtended: false, overcommits: true }],
  ['ephemeral-storage', { isName: true, isExtended: false, overcommits: true }],
  ['hugepages-2Mi', { isName: true, isExtended: false, overcommits: false }],
  ['nvidia.com/gpu', { isName: true, isExtended: true, overcommits: false }],
  ['kubernetes.io/batch', { isName: true, isExtended: false, overcommits: true }],
  ['storage', { isName: false, isExtended: false, overcommits: true }],
  ['gpu', { isName: false, isExtended: false, overcommits: true }],
  ['requests.example.com/gpu', { isName: false, isExtended: false, overcommits: false }],
  ['Example.com/gpu', { isName: false, isExtended: false, overcommits: false }],
  [`${'a.'.repeat(122)}example/gpu`, { isName: false, isExtended: false, overcommits: false }],
])('knows what %s is', (name, expected) => {
  expect({
    isName: isResourceName(name),
    isExtended: isExtendedResource(name),
    overcommits: canOvercommit(name),
  }).toEqual(expected);
});
