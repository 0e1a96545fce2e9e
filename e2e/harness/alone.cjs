'use strict';

/** A filter for Jest: the cases that run alone, but for those of `installing.cjs`. */
module.exports = async (testPaths) => {
  const { hasOwnInstallation, declarationOf } = await import('./declaration.ts');
  const isAlone = (testPath) => declarationOf(testPath).alone !== undefined;
  return { filtered: testPaths.filter((testPath) => isAlone(testPath) && !hasOwnInstallation(testPath)) };
};
