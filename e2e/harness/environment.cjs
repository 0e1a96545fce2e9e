'use strict';

const process = require('node:process');
const { TestEnvironment } = require('jest-environment-node');

/** Tells what the cluster looks like at the first failure of a file, before the file cleans up after itself. */
module.exports = class extends TestEnvironment {
  #hasTold = false;

  async handleTestEvent({ name }) {
    if (this.#hasTold || !['test_fn_failure', 'hook_failure'].includes(name)) return;
    this.#hasTold = true;
    const { describeCluster } = await import('./diagnosis.ts');
    process.stderr.write(await describeCluster());
  }
};
