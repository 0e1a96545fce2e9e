import { describe, expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import type { Installation } from '../engine/installation.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer, withNamespace, withSpec } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { ownIdentityProtected } from './own-identity-protected.ts';

const installation = anInstallation({
  namespace: 'system',
  serviceAccounts: ['default', 'hook'],
  secrets: ['certificate', 'authority'],
  podLabels: { a: '1', b: '2' },
});

function pathsOf(option: Option, known: Installation | undefined): readonly string[] {
  const server = anMCPServer(withNamespace('system'), option);
  const facts = inMemoryFacts();
  return evaluateRules([ownIdentityProtected], { server, facts, installation: known }).map(({ path }) =>
    renderPath(path),
  );
}

const account = (serviceAccountName: string): Option => withSpec({ runtime: { security: { serviceAccountName } } });

describe('our own identity, in our namespace', () => {
  it.each<[string, Option, string]>([
    ['the account', account('hook'), 'spec.runtime.security.serviceAccountName'],
    [
      'the account, where it is that of every namespace',
      account('default'),
      'spec.runtime.security.serviceAccountName',
    ],
    [
      'every variable of the Secret',
      withSpec({
        config: { envFrom: [{ configMapRef: { name: 'certificate' } }, { secretRef: { name: 'certificate' } }] },
      }),
      'spec.config.envFrom[1].secretRef.name',
    ],
    [
      'a Secret that may be missing',
      withSpec({ config: { envFrom: [{ secretRef: { name: 'authority', optional: true } }] } }),
      'spec.config.envFrom[0].secretRef.name',
    ],
    [
      'the Secret as credentials of a registry',
      withSpec({ source: { containerImage: { imagePullSecrets: [{ name: 'certificate' }] } } }),
      'spec.source.containerImage.imagePullSecrets[0].name',
    ],
    [
      'the Secret as what to trust',
      withSpec({ transport: { tls: { enabled: true, caBundleSecret: { name: 'certificate' } } } }),
      'spec.transport.tls.caBundleSecret.name',
    ],
    ['our labels among others', withSpec({ extraLabels: { a: '1', b: '2', c: '3' } }), 'spec.extraLabels'],
  ])('cannot be used by naming %s', (_, option, path) => {
    expect(pathsOf(option, installation)).toEqual([path]);
  });

  it.each<[string, Option, Installation | undefined]>([
    ['no account is named, so that no token is mounted', withSpec({}), installation],
    ['nobody knows who we are', account('hook'), undefined],
    ['we are elsewhere', account('hook'), { ...installation, namespace: 'other' }],
    ['our labels are not known', withSpec({ extraLabels: { a: '1' } }), { ...installation, podLabels: {} }],
    ['a label has another value', withSpec({ extraLabels: { a: '1', b: '3' } }), installation],
  ])('is not at stake when %s', (_, option, known) => {
    expect(pathsOf(option, known)).toEqual([]);
  });
});
