'use strict';

const { default: Sequencer } = require('@jest/test-sequencer');

/** By name; the case that uninstalls the chart comes last, so that its failure cannot look like everybody's. */
module.exports = class extends Sequencer {
  sort(tests) {
    const key = ({ path }) => `${path.includes('/uninstall') ? 1 : 0}${path}`;
    return [...tests].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
};
