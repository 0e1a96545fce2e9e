import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Probe } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { hintsAtCredential, mayHoldCredential, recognizeCredential } from './parts/credential.ts';

export const noPlainCredentials: Rule = {
  id: 'no-plain-credentials',
  severity: 'warn',
  stricterIn: 7,
  summary: 'Environment variables, arguments and probes should not hold credentials in plain text.',
  rationale:
    'Whoever may read the MCPServer, its Deployment, its pods or the repository of the manifest reads the credential too, ' +
    'and it stays in their history after it is gone. A Secret has access rights of its own. What is found is judged by ' +
    'name (`DB_PASSWORD`, `--api-key`) and by shape (tokens with a known prefix, keys in PEM, JSON Web Tokens, URLs and ' +
    'connection strings with a password); a value is searched up to its 4,096th character, and no part of it is ever ' +
    'shown. References such as `$(TOKEN)`, paths, addresses, switches and placeholders are left alone. This is a guess, ' +
    'so it warns: it finds what is obvious and proves nothing about the rest.',
  remedy: 'Keep it in a Secret and use valueFrom.secretKeyRef, or a mounted file.',
  examples: {
    accepts: [
      {
        title: 'a variable from a Secret',
        spec: { config: { env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'search', key: 'token' } } }] } },
        secrets: { search: ['token'] },
      },
      {
        title: 'the path of a mounted file',
        spec: { config: { env: [{ name: 'DB_PASSWORD', value: '/var/run/secrets/db/password' }] } },
      },
      {
        title: 'an argument that refers to a variable',
        spec: { config: { arguments: ['--token=$(TOKEN)', '--password', '$(DB_PASSWORD)'] } },
      },
      {
        title: 'settings about credentials',
        spec: {
          config: {
            arguments: ['--token-file=/etc/token', '--no-password'],
            env: [
              { name: 'TOKEN_URL', value: 'https://login.example.com/token' },
              { name: 'ALLOW_EMPTY_PASSWORD', value: 'true' },
              { name: 'MAX_TOKENS', value: '4096' },
            ],
          },
        },
      },
    ],
    rejects: [
      {
        title: 'a variable that is named as a password',
        spec: { config: { env: [{ name: 'DB_PASSWORD', value: 'correct-horse' }] } },
      },
      {
        title: 'an address with a password in it',
        spec: { config: { env: [{ name: 'DATABASE_URL', value: 'postgres://search:correct-horse@db:5432/search' }] } },
      },
      { title: 'a flag with its value', spec: { config: { arguments: ['--api-key=correct-horse'] } } },
      {
        title: 'a header of a probe',
        spec: {
          runtime: {
            health: {
              livenessProbe: { httpGet: { port: 'mcp', httpHeaders: [{ name: 'X-Api-Key', value: 'correct-horse' }] } },
            },
          },
        },
      },
      {
        title: 'a header of a startup probe',
        spec: {
          extensions: {
            startupProbe: { httpGet: { port: 'mcp', httpHeaders: [{ name: 'X-Api-Key', value: 'correct-horse' }] } },
          },
        },
      },
      {
        title: 'a flag of a server for stdio',
        spec: { extensions: { stdio: { command: ['search', '--api-key=correct-horse'] } } },
      },
      { title: 'a flag before its value', spec: { config: { arguments: ['serve', '--password', 'correct-horse'] } } },
    ],
  },
  check({ server }) {
    const { config, runtime } = server.spec;
    const { livenessProbe, readinessProbe } = runtime?.health ?? {};
    return join(
      checkArguments(config.arguments, argumentsPlace),
      each(config.env, envPlace, checkValue, isHarmless),
      checkProbe(livenessProbe, livenessPlace),
      checkProbe(readinessProbe, readinessPlace),
      checkProbe(server.spec.extensions?.startupProbe, startupPlace),
      checkArguments(server.spec.extensions?.stdio?.command, commandPlace),
    );
  },
};

const argumentsPlace = placeOf('spec', 'config', 'arguments');
const commandPlace = placeOf('spec', 'extensions', 'stdio', 'command');
const envPlace = placeOf('spec', 'config', 'env');
const livenessPlace = placeOf('spec', 'runtime', 'health', 'livenessProbe');
const readinessPlace = placeOf('spec', 'runtime', 'health', 'readinessProbe');
const startupPlace = placeOf('spec', 'extensions', 'startupProbe');

function checkProbe({ exec, httpGet }: Probe = {}, place: Place): readonly Violation[] {
  if (exec === undefined && httpGet?.httpHeaders === undefined) return none;
  return join(
    checkArguments(exec?.command, inside(inside(place, 'exec'), 'command')),
    each(httpGet?.httpHeaders, inside(inside(place, 'httpGet'), 'httpHeaders'), checkValue, isHarmless),
  );
}

/** A variable or a header. */
interface Named {
  readonly name: string;
  readonly value?: string;
}

/** Nearly every one: all that the check would do for it, without a place. */
function isHarmless({ name, value = '' }: Named): boolean {
  return recognizeCredential(name, value) === undefined;
}

function checkValue({ name, value = '' }: Named, place: Place): readonly Violation[] {
  const what = recognizeCredential(name, value);
  return what === undefined ? none : [violation(what, pathTo(place, 'value'), name)];
}

function checkArguments(list: readonly string[] = [], place: Place): readonly Violation[] {
  if (!list.some(hintsAtCredential)) return none;
  return list.flatMap((argument, index) => {
    if (!mayHoldCredential(argument, list[index - 1] ?? '')) return [];
    const { name, value } = parseArgument(argument, list[index - 1]);
    const what = recognizeCredential(name, value);
    // Without the flag's name: in `c2VjcmV0VE9LRU4=` that would be the credential itself.
    return what === undefined ? [] : [violation(what, pathTo(place, index), 'this argument')];
  });
}

function violation(what: string, path: FieldPath, where: string): Violation {
  return { path, headline: `looks like ${what} in plain text`, detail: `found it in ${where} (not shown)` };
}

interface Argument {
  readonly name?: string;
  readonly value: string;
}

/** `--flag=value`, `NAME=value`, or a value after `--flag`. */
function parseArgument(argument: string, before: string | undefined): Argument {
  const [, name] = /^-{0,2}([A-Za-z][\w.-]{0,255})=/.exec(argument) ?? [];
  if (name !== undefined) return { name, value: argument.slice(argument.indexOf('=') + 1) };
  const flag = argument.startsWith('-') ? undefined : parseFlag(before);
  return flag === undefined ? { value: argument } : { name: flag, value: argument };
}

function parseFlag(argument: string | undefined): string | undefined {
  const [, name] = /^--?([A-Za-z][\w.-]{0,255})$/.exec(argument ?? '') ?? [];
  return name;
}
