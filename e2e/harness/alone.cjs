'use strict';

/** A filter for Jest: the cases that run alone. */
module.exports = async (testPaths) => {
  const { declarationOf } = await import('./declaration.ts');
  return { filtered: testPaths.filter((testPath) => declarationOf(testPath).alone !== undefined) };
};
