'use strict';

const { default: TestRunner } = require('jest-runner');

/** First the cases that leave the installation alone, side by side; then the others, one after another. */
module.exports = class extends TestRunner {
  async runTests(tests, watcher, options) {
    const { declarationOf } = await import('./declaration.ts');
    const isAlone = ({ path }) => declarationOf(path).alone !== undefined;
    const [alone, sideBySide] = [tests.filter(isAlone), tests.filter((test) => !isAlone(test))];
    if (sideBySide.length > 0) await super.runTests(sideBySide, watcher, options);
    if (alone.length > 0) await super.runTests(alone, watcher, { ...options, serial: true });
  }
};
