import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { declarationOf } from './declaration.ts';
import { describeInstallation, ensureAsUsual } from './installation.ts';
import { discoveryFolder } from './kubectl.ts';

const { testPath = '' } = expect.getState();
let before = '';

beforeAll(async () => {
  if (declarationOf(testPath).installs === undefined) await ensureAsUsual();
  before = await describeInstallation();
});

/** Whoever runs beside it would see it too, and fail for no reason of its own. */
afterAll(async () => {
  if (declarationOf(testPath).alone !== undefined) return;
  const after = await describeInstallation();
  if (after !== before)
    throw new Error(
      'the installation was changed while cases ran side by side. The one that did it has to say `@alone …` in the ' +
        `comment at the top of its file (CONTRIBUTING.md).\nbefore: ${before}\nafter:  ${after}`,
    );
});

afterAll(() => rm(discoveryFolder, { recursive: true, force: true }));
