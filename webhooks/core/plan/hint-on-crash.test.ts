import { expect, it } from '@jest/globals';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { hintOnCrash } from './hint-on-crash.ts';

const withAccount = (serviceAccountName: string) =>
  anMCPServer(withSpec({ runtime: { security: { serviceAccountName } } }));

it.each([
  ['no account', anMCPServer()],
  ['an empty name', withAccount('')],
])('names the field to set for a server with %s', (_, server) => {
  expect(hintOnCrash(server)).toMatch(
    /no service account token is mounted.*set spec\.runtime\.security\.serviceAccountName/,
  );
});

it.each(['default', 'reader'])('says nothing about a server with the account %s, whose token is mounted', (name) => {
  expect(hintOnCrash(withAccount(name))).toBeUndefined();
});
