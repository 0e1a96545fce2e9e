'use strict';

const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * By name; but slow cases begin first, because what runs side by side is over when the last of it is, and those that change
 * how we are installed come last, so that their failure cannot look like everybody's. Before them come those that begin with
 * an installation of their own: nobody has to bring back the usual one between two of them.
 */
module.exports = class extends Sequencer {
  async sort(tests) {
    const { caseOf, declarationOf } = await import('./declaration.ts');
    const rank = ({ path }) => {
      const { installs, slow } = declarationOf(path);
      if (installs !== undefined) return 2;
      if (/^(install|uninstall|upgrade)/.test(caseOf(path))) return 3;
      return slow === undefined ? 1 : 0;
    };
    const sorted = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
};
