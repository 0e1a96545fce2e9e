import { expect, it } from '@jest/globals';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { hintOnStart } from './hint-on-start.ts';

const scheduling = { runtimeClassName: 'kata' };
const storage = ['/a', '/b'].map((path) => ({ claimName: 'index', path }));

it.each<[string, object, string | undefined]>([
  ['nothing', {}, undefined],
  [
    'a runtime',
    { scheduling },
    'does its node have the runtime of RuntimeClass kata (spec.extensions.scheduling.runtimeClassName)?',
  ],
  ['a claim, once', { storage }, 'can it be given index there (spec.extensions.storage)?'],
  ['both', { storage, scheduling }, expect.stringMatching(/^does its node .*, can it be given index/) as never],
])('a pod that is not started may have %s to do with it', (_, extensions, hint) => {
  expect(hintOnStart(anMCPServer(withSpec({ extensions })))).toEqual(hint);
});
