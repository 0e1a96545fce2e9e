'use strict';

/** A filter for Jest: the cases that run alone and change how we are installed. */
module.exports = async (testPaths) => {
  const { changesInstallation } = await import('./declaration.ts');
  return { filtered: testPaths.filter(changesInstallation) };
};
