'use strict';

/** A filter for Jest: the cases that begin with an installation of their own. */
module.exports = async (testPaths) => {
  const { hasOwnInstallation } = await import('./declaration.ts');
  return { filtered: testPaths.filter(hasOwnInstallation) };
};
