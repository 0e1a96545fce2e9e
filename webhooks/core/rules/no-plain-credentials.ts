import type { Rule } from '../engine/rule.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { recognizeCredential } from './credential.ts';

export const noPlainCredentials: Rule = {
  id: 'no-plain-credentials',
  severity: 'warn',
  summary: 'Environment variables and arguments should not hold credentials in plain text.',
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
      {
        title: 'a flag with its value',
        spec: { config: { arguments: ['--api-key=correct-horse'] } },
      },
      {
        title: 'a flag before its value',
        spec: { config: { arguments: ['serve', '--password', 'correct-horse'] } },
      },
    ],
  },
  check({ server }) {
    const { arguments: args = [], env = [] } = server.spec.config;
    const variables = env.flatMap(({ name, value }, index) =>
      value === undefined ? [] : checkVariable(name, value, ['spec', 'config', 'env', index, 'value']),
    );
    return [...args.flatMap((argument, index) => checkArgument(argument, args[index - 1], index)), ...variables];
  },
};

function checkVariable(name: string, value: string, path: FieldPath): readonly Violation[] {
  const what = recognizeCredential(name, value);
  if (what === undefined) return [];
  return [{ path, headline: `looks like ${what} in plain text`, detail: `found it in ${name} (not shown)` }];
}

function checkArgument(argument: string, before: string | undefined, index: number): readonly Violation[] {
  const { name, value } = parseArgument(argument, before);
  const what = recognizeCredential(name, value);
  if (what === undefined) return [];
  return [
    {
      path: ['spec', 'config', 'arguments', index],
      headline: `looks like ${what} in plain text`,
      // Without the flag's name: in `c2VjcmV0VE9LRU4=` that would be the credential itself.
      detail: 'found it in this argument (not shown)',
    },
  ];
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
