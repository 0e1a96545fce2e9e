import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { pathTo } from '../mcpserver/place.ts';
import type { WindowsSecurityContextOptions } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { eachSecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

const maxSpecBytes = 64 * 1024;

/** Name of a domain as NetBIOS or DNS has it: https://kubernetes.io/docs/tasks/configure-pod-container/configure-runasusername/ */
const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/u;
const dnsDomain = /^([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(\.(?!$)|$))+$/;
const user = /^(?=.{1,104}$)(?![. ]+$)[^"/\\:;|=,+*?<>@[\]]+$/;

export const windowsOptionsValid: Rule = {
  id: 'windows-options-valid',
  severity: 'deny',
  summary: 'Windows options must name a user and credentials as Windows has them.',
  rationale:
    'The security contexts go into the Deployment as they are, and Kubernetes refuses it for a user or a credential ' +
    'specification that Windows could not have.',
  remedy: 'Correct the field, or remove it.',
  examples: {
    accepts: [
      {
        title: 'a user of a domain',
        spec: asContainer({ windowsOptions: { runAsUserName: 'NT AUTHORITY\\NETWORK SERVICE' } }),
      },
    ],
    rejects: [
      { title: 'a user name with a colon', spec: asContainer({ windowsOptions: { runAsUserName: 'a:b' } }) },
      { title: 'an empty credential specification', spec: asPod({ windowsOptions: { gmsaCredentialSpec: '' } }) },
      {
        title: 'a credential specification of an impossible name',
        spec: asPod({ windowsOptions: { gmsaCredentialSpecName: 'A_B' } }),
      },
    ],
  },
  check: (input) =>
    eachSecurityContext(input, ({ windowsOptions }, place) =>
      windowsOptions === undefined ? none : checkOptions(windowsOptions, pathTo(place, 'windowsOptions')),
    ),
};

function checkOptions(options: WindowsSecurityContextOptions, path: FieldPath): readonly Violation[] {
  const { gmsaCredentialSpec: spec, gmsaCredentialSpecName: specName, runAsUserName: userName } = options;
  const bytes = spec === undefined ? undefined : new TextEncoder().encode(spec).byteLength;
  return [
    ...(bytes === undefined || (bytes > 0 && bytes <= maxSpecBytes)
      ? []
      : [
          {
            path: [...path, 'gmsaCredentialSpec'],
            headline: 'the credential specification is empty or too long',
            detail: `found ${bytes} bytes`,
          },
        ]),
    ...(specName === undefined || isSubdomain(specName)
      ? []
      : [
          {
            path: [...path, 'gmsaCredentialSpecName'],
            headline: 'no credential specification has such a name',
            detail: `found '${specName}'`,
          },
        ]),
    ...(userName === undefined || isUserName(userName)
      ? []
      : [
          {
            path: [...path, 'runAsUserName'],
            headline: 'Windows has no such user name',
            detail: `found '${userName}'`,
          },
        ]),
  ];
}

/** `user` or `domain\user`. */
function isUserName(name: string): boolean {
  const parts = name.split('\\');
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  if (parts.length > 2 || /[\u0000-\u001f\u007f]/.test(name)) return false;
  const [first = '', second] = parts;
  if (second === undefined) return user.test(first);
  return first.length < 256 && (netBiosDomain.test(first) || dnsDomain.test(first)) && user.test(second);
}
