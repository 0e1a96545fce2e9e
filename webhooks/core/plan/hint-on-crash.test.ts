import { expect, it } from '@jest/globals';
import { applyDefaults } from '../defaults/apply.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { hintOnCrash } from './hint-on-crash.ts';

const withAccount = (serviceAccountName: string) =>
  applyDefaults(anMCPServer(withSpec({ runtime: { security: { serviceAccountName } } })));

it.each([
  ['no account', applyDefaults(anMCPServer())],
  ['an empty name', withAccount('')],
])('names the field to set for a server with %s', (_, server) => {
  expect(hintOnCrash(server)).toMatch(
    /no service account token is mounted.*set spec\.runtime\.security\.serviceAccountName/,
  );
});

it.each(['default', 'reader'])(
  'says nothing of a token about a server with the account %s, whose token is mounted',
  (name) => {
    expect(hintOnCrash(withAccount(name))).not.toContain('token');
  },
);

it('is not that no token is mounted where it is, under compatibility.profile reference', () => {
  expect(hintOnCrash(applyDefaults(anMCPServer(), 'reference'), 'reference')).not.toContain('token');
});

it('sends people to the log first, and names the token as one of two possible reasons', () => {
  expect(hintOnCrash(applyDefaults(anMCPServer()))).toMatch(
    /^its log says why \(kubectl logs --previous\); it may be that .*read-only.*; or that .*no service account token/,
  );
});

it('names the read-only root file system, and where to write instead, only where it is read-only', () => {
  expect(hintOnCrash(withAccount('reader'))).toMatch(/root file system is read-only, mount an EmptyDir with ReadWrite/);
  const security = { serviceAccountName: 'reader', securityContext: { readOnlyRootFilesystem: false } };
  const writable = applyDefaults(anMCPServer(withSpec({ runtime: { security } })));
  expect(hintOnCrash(writable)).toBe('its log says why (kubectl logs --previous)');
});
