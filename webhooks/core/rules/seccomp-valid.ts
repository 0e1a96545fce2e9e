import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { eachSecurityContext, type AnySecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

const types: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined'];

export const seccompValid: Rule = {
  id: 'seccomp-valid',
  severity: 'deny',
  summary: 'A seccomp profile must name a file if and only if its type is Localhost.',
  rationale:
    'The security contexts go into the Deployment as they are, and Kubernetes refuses a profile of type Localhost without ' +
    'its file, a file beside another type, and a file outside the directory of profiles.',
  remedy: 'Set localhostProfile with the type Localhost only.',
  examples: {
    accepts: [
      { title: 'the default profile' },
      {
        title: 'a profile of the node',
        spec: asPod({ seccompProfile: { type: 'Localhost', localhostProfile: 'mcp/a.json' } }),
      },
    ],
    rejects: [
      { title: 'a profile of the node without its file', spec: asContainer({ seccompProfile: { type: 'Localhost' } }) },
      {
        title: 'a file beside another type',
        spec: asContainer({ seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'a.json' } }),
      },
      {
        title: 'a file outside the directory of profiles',
        spec: asPod({ seccompProfile: { type: 'Localhost', localhostProfile: '../a.json' } }),
      },
      { title: 'a type that is none', spec: asPod({ seccompProfile: { type: 'Default' } }) },
    ],
  },
  check: (input) => eachSecurityContext(input, checkProfile),
};

function checkProfile({ seccompProfile: profile }: AnySecurityContext, place: Place): readonly Violation[] {
  if (profile === undefined) return none;
  const { type, localhostProfile: file } = profile;
  if (!types.includes(type)) {
    const at = { path: pathTo(place, 'seccompProfile', 'type'), headline: 'the type of seccomp profile is unknown' };
    return [{ ...at, detail: `found "${type}"`, remedy: `Use ${types.join(', ')}.` }];
  }
  if (type !== 'Localhost' && file === undefined) return none;
  return checkFile(type, file, pathTo(place, 'seccompProfile', 'localhostProfile'));
}

function checkFile(type: string, file: string | undefined, path: FieldPath): readonly Violation[] {
  if (type !== 'Localhost') {
    if (file === undefined) return [];
    const detail = `found a file with the type ${type}`;
    return [{ path, headline: 'the seccomp profile has a file that its type does not use', detail, cause: [type] }];
  }
  if (file === undefined || file === '') {
    const detail = 'found the type Localhost without a file';
    const remedy = 'Set localhostProfile.';
    return [{ path, headline: 'the seccomp profile has no file', detail, remedy, cause: [type] }];
  }
  if (!file.startsWith('/') && !file.split('/').includes('..')) return [];
  const headline = "the file is outside the node's directory of seccomp profiles";
  const remedy = 'Use a relative path without "..".';
  return [{ path, headline, detail: `found "${file}"`, remedy, cause: [type] }];
}
