import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import type { Place } from '../mcpserver/place.ts';
import { inside, pathTo, placeOf } from '../mcpserver/place.ts';
import type { ClaimMount, EnvVar, MCPServerExtensions, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ofEmptyDir, withCommand, withMounts, withVariables } from './parts/example-specs.ts';

export const textWithoutNull: Rule = {
  id: 'text-without-null',
  severity: 'warn',
  stricterIn: 7,
  summary: 'Values of variables, arguments and mount paths should not contain the character U+0000.',
  rationale:
    'API servers store it, and no program can be given it: a container runtime refuses to start a container with such a ' +
    'variable or mount (`RunContainerError`, exit code 128), and an argument may end where the character stands. Every ' +
    'other character arrives as it is written. The message never shows the text.',
  remedy: 'Remove the character U+0000.',
  examples: {
    accepts: [
      { title: 'a value of several lines', spec: withVariables({ name: 'MOTD', value: 'one\ntwo' }) },
      { title: 'a control character', spec: { config: { arguments: ['--separator=\u0001'] } } },
    ],
    rejects: [
      { title: 'a value with the character', spec: withVariables({ name: 'LIST', value: 'a\0b' }) },
      { title: 'an argument with the character', spec: { config: { arguments: ['--list=a\0b'] } } },
      { title: 'a word of a command with the character', spec: withCommand('search', 'a\0b') },
      { title: 'a mount path with the character', spec: withMounts({ path: '/data\0', source: ofEmptyDir({}) }) },
      {
        title: 'a directory of a claim with the character',
        spec: { extensions: { storage: [{ claimName: 'search', path: '/data', subPath: 'a\0b' }] } },
      },
    ],
  },
  check({ server }) {
    const { env, arguments: words, storage } = server.spec.config;
    const { storage: claims, stdio } = server.spec.extensions ?? noExtensions;
    return join(
      env?.some(hasNullValue) === true ? each(env, envPlace, checkVariable) : none,
      words?.some(hasNull) === true ? each(words, argumentsPlace, checkText) : none,
      storage?.some(hasNullPath) === true ? each(storage, storagePlace, checkMount) : none,
      claims === undefined ? none : each(claims, claimsPlace, checkClaim),
      each(stdio?.command, commandPlace, checkText),
      stdio?.cwd === undefined ? none : checkText(stdio.cwd, cwdPlace),
    );
  },
};

const envPlace = placeOf('spec', 'config', 'env');
const argumentsPlace = placeOf('spec', 'config', 'arguments');
const storagePlace = placeOf('spec', 'config', 'storage');
const claimsPlace = placeOf('spec', 'extensions', 'storage');
const commandPlace = placeOf('spec', 'extensions', 'stdio', 'command');
const cwdPlace = placeOf('spec', 'extensions', 'stdio', 'cwd');

/** One object for all that say nothing there. */
const noExtensions: MCPServerExtensions = {};

const found = { headline: 'no container can be given this text', detail: 'found the character U+0000' };

function hasNull(text: string): boolean {
  return text.includes('\0');
}

function hasNullValue({ value }: EnvVar): boolean {
  return value !== undefined && hasNull(value);
}

function hasNullPath({ path }: Pick<StorageMount, 'path'>): boolean {
  return hasNull(path);
}

function checkVariable(variable: EnvVar, place: Place): readonly Violation[] {
  return hasNullValue(variable) ? [{ path: pathTo(place, 'value'), ...found }] : none;
}

function checkText(text: string, place: Place): readonly Violation[] {
  return hasNull(text) ? [{ path: pathTo(place), ...found }] : none;
}

function checkMount(mount: Pick<StorageMount, 'path'>, place: Place): readonly Violation[] {
  return hasNullPath(mount) ? [{ path: pathTo(place, 'path'), ...found }] : none;
}

function checkClaim(mount: ClaimMount, place: Place): readonly Violation[] {
  return join(checkMount(mount, place), checkText(mount.subPath ?? '', inside(place, 'subPath')));
}
