'use strict';

const process = require('node:process');

/** So many are named. */
const named = 10;
/** A case that takes longer says why in its declaration, in seconds. */
const slowSeconds = 60;

/** A reporter of Jest: which cases took the time, and why, so that whoever adds one sees what the whole suite costs. */
module.exports = class {
  async onRunComplete(_contexts, { testResults, startTime }) {
    const { caseOf, declarationOf } = await import('./declaration.ts');
    const took = testResults
      .map(({ testFilePath, perfStats }) => ({ testFilePath, seconds: (perfStats.end - perfStats.start) / 1000 }))
      .sort((a, b) => b.seconds - a.seconds);
    const lines = took.slice(0, named).map(({ testFilePath, seconds }) => {
      const { alone, slow } = declarationOf(testFilePath);
      const missing = seconds > slowSeconds ? 'its @slow does not say why' : '';
      const how = alone === undefined ? 'side by side' : 'alone';
      return `  ${seconds.toFixed(0).padStart(4)} s  ${caseOf(testFilePath)} (${how}) ${slow ?? missing}`;
    });
    const sum = took.reduce((seconds, one) => seconds + one.seconds, 0);
    const whole = ((Date.now() - startTime) / 1000).toFixed(0);
    process.stderr.write(
      `\nThe longest of ${took.length} cases, which took ${sum.toFixed(0)} s in ${whole} s:\n${lines.join('\n')}\n`,
    );
  }
};
