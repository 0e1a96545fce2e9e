'use strict';

const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * By name; but slow cases begin first, because what runs side by side is over when the last of it is, and those that change
 * how we are installed come last, so that their failure cannot look like everybody's.
 */
module.exports = class extends Sequencer {
  async sort(tests) {
    const { caseOf, declarationOf } = await import('./declaration.ts');
    const rank = ({ path }) => {
      if (/^(install|uninstall|upgrade)/.test(caseOf(path))) return 2;
      return declarationOf(path).slow === undefined ? 1 : 0;
    };
    const sorted = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
};
