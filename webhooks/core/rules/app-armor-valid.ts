import type { Rule, RuleInput } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { CONTAINER_NAME } from '../mcpserver/names.ts';
import { pathTo, type Place } from '../mcpserver/place.ts';
import type { AppArmorProfile } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { containersOf, eachSecurityContext, type AnySecurityContext } from './parts/security-contexts.ts';
import { asContainer, asPod } from './parts/example-specs.ts';

const types: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** Longest path of Linux without its final zero byte. */
const maxProfileLength = 4095;

/** How AppArmor was configured before it had fields; the API server still copies it to them. */
const annotationPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorValid: Rule = {
  id: 'app-armor-valid',
  severity: 'deny',
  summary: 'An AppArmor profile must name a profile of the node if and only if its type is Localhost.',
  rationale:
    'The security contexts and the annotations go into the Deployment as they are, and Kubernetes refuses a profile of ' +
    'type Localhost without its name, a name beside another type, and an old annotation for a container that does not ' +
    'exist or that says something else than the field.',
  remedy: 'Set localhostProfile with the type Localhost only.',
  examples: {
    accepts: [
      { title: 'the profile of the runtime', spec: asPod({ appArmorProfile: { type: 'RuntimeDefault' } }) },
      {
        title: 'a profile of the node',
        spec: asContainer({ appArmorProfile: { type: 'Localhost', localhostProfile: 'mcp' } }),
      },
    ],
    rejects: [
      {
        title: 'a profile of the node without its name',
        spec: asContainer({ appArmorProfile: { type: 'Localhost' } }),
      },
      {
        title: 'a name beside another type',
        spec: asPod({ appArmorProfile: { type: 'RuntimeDefault', localhostProfile: 'mcp' } }),
      },
      { title: 'a type that is none', spec: asPod({ appArmorProfile: { type: 'Default' } }) },
      {
        title: 'an annotation for another container',
        spec: { extraAnnotations: { [`${annotationPrefix}other`]: 'runtime/default' } },
      },
      {
        title: 'an annotation that contradicts the field',
        spec: {
          extraAnnotations: { [`${annotationPrefix}${CONTAINER_NAME}`]: 'runtime/default' },
          runtime: {
            security: { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'mcp' } } },
          },
        },
      },
    ],
  },
  check: (input) => join(checkAnnotations(input), eachSecurityContext(input, checkContext)),
};

function checkAnnotations(input: RuleInput): readonly Violation[] {
  const { extraAnnotations } = input.server.spec;
  if (extraAnnotations === undefined || !Object.keys(extraAnnotations).some(isAboutAppArmor)) return none;
  return Object.entries(extraAnnotations)
    .filter(([key]) => isAboutAppArmor(key))
    .flatMap(([key, value]) => checkAnnotation(input, key, value));
}

function isAboutAppArmor(key: string): boolean {
  return key.startsWith(annotationPrefix);
}

function checkContext({ appArmorProfile: profile }: AnySecurityContext, place: Place): readonly Violation[] {
  return profile === undefined ? none : checkProfile(profile, pathTo(place, 'appArmorProfile'));
}

function checkProfile({ type, localhostProfile }: AppArmorProfile, path: FieldPath): readonly Violation[] {
  if (!types.includes(type)) {
    const at = { path: [...path, 'type'], headline: 'the type of AppArmor profile is unknown' };
    return [{ ...at, detail: `found "${type}"`, remedy: `Use ${types.join(', ')}.` }];
  }
  return checkName(type, localhostProfile, [...path, 'localhostProfile']);
}

function checkName(type: string, name: string | undefined, path: FieldPath): readonly Violation[] {
  if (type !== 'Localhost') {
    if (name === undefined) return [];
    const detail = `found a name with the type ${type}`;
    return [{ path, headline: 'the AppArmor profile has a name that its type does not use', detail, cause: [type] }];
  }
  if (name === undefined || name === '') {
    const detail = 'found the type Localhost without a name';
    const remedy = 'Set localhostProfile.';
    return [{ path, headline: 'the AppArmor profile has no name', detail, remedy, cause: [type] }];
  }
  if (name.trim() === name && name.length <= maxProfileLength) return [];
  const remedy = `Use at most ${maxProfileLength} characters, no space first or last.`;
  const detail = `found ${name.length} characters`;
  return [{ path, headline: 'no AppArmor profile has such a name', detail, remedy, cause: [type] }];
}

function checkAnnotation(input: RuleInput, key: string, value: string): readonly Violation[] {
  const headline = findProblem(input, key.slice(annotationPrefix.length), value);
  if (headline === undefined) return [];
  const remedy = 'Remove the annotation and use securityContext.appArmorProfile.';
  return [{ path: ['spec', 'extraAnnotations', key], headline, detail: `found '${value}'`, remedy }];
}

function findProblem(input: RuleInput, name: string, value: string): string | undefined {
  const { server } = input;
  const container = containersOf(input).find((candidate) => candidate.name === name);
  if (container === undefined) return 'the annotation is for a container that does not exist';
  if (!['', 'runtime/default', 'unconfined'].includes(value) && !value.startsWith('localhost/')) {
    return 'the annotation is no AppArmor profile';
  }
  const pod = server.spec.runtime?.security?.podSecurityContext;
  const profile = container.securityContext.of(server)?.appArmorProfile ?? pod?.appArmorProfile;
  if (profile === undefined || asAnnotation(profile) === value) return undefined;
  return 'the annotation contradicts the AppArmor profile';
}

/** What the annotation has to say beside the field. */
function asAnnotation({ type, localhostProfile = '' }: AppArmorProfile): string {
  if (type === 'Localhost') return `localhost/${localhostProfile}`;
  return type === 'RuntimeDefault' ? 'runtime/default' : 'unconfined';
}
