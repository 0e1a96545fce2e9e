'use strict';

const { default: Sequencer } = require('@jest/test-sequencer');

/** By name; cases that change the installation come last, so that their failure cannot look like everybody's. */
module.exports = class extends Sequencer {
  sort(tests) {
    const key = ({ path }) => `${/\/cases\/(install|uninstall|upgrade)/.test(path) ? 1 : 0}${path}`;
    return [...tests].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
};
