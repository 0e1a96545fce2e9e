import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { joinPem } from './pem.ts';
import { findTrustAnchor } from './trust-bundle.ts';

let folder: string;
const pem = (file: string): string => readFileSync(join(folder, `${file}.pem`), 'utf8');

/** root → intermediate → leaf, and another root, as a company's own CA would have them. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
  writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = subject\n[subject]\n');
  const issue = (name: string, isCa: boolean, signer?: string): void => {
    const constraint = `basicConstraints=critical,CA:${isCa ? 'true' : 'false'}`;
    const signing = signer === undefined ? [] : ['-CA', `${signer}.pem`, '-CAkey', `${signer}.key`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', `${name}.key`];
    const request = ['req', '-x509', '-config', 'openssl.cnf', '-subj', `/CN=${name}`, '-addext', constraint];
    execFileSync('openssl', [...request, ...key, '-out', `${name}.pem`, ...signing], { cwd: folder, stdio: 'ignore' });
  };
  issue('root', true);
  issue('other', true);
  issue('intermediate', true, 'root');
  issue('leaf', false, 'intermediate');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('finds the CA by which a client trusts a chain', () => {
  const anchorOf = (chain: readonly string[], bundle: readonly string[]): string | undefined =>
    findTrustAnchor(joinPem(chain.map(pem)), joinPem(bundle.map(pem)))?.subject;
  expect(anchorOf(['leaf', 'intermediate'], ['other', 'root'])).toBe('CN=root');
  expect(anchorOf(['leaf'], ['intermediate'])).toBe('CN=intermediate');
  expect(anchorOf(['leaf'], ['leaf'])).toBe('CN=leaf');
  expect(anchorOf(['leaf'], ['root'])).toBeUndefined();
  expect(anchorOf(['leaf', 'intermediate'], ['other'])).toBeUndefined();
  expect(anchorOf([], ['root'])).toBeUndefined();
});
