import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { oneLine } from '../../core/engine/text.ts';
import { guardJson } from '../json-guard.ts';
import { errorCode } from '../kube/network-error.ts';
import { recordAt, stringAt } from '../kube/object.ts';
import { runProgram } from '../run-program.ts';
import { RegistryFailure } from './registry-failure.ts';

/** What a user has for one registry. */
export type RegistryCredentials =
  | { readonly type: 'password'; readonly user: string; readonly password: string }
  /** For the token endpoint of the registry only. */
  | { readonly type: 'identity-token'; readonly token: string };

/** Where Docker and its helpers keep what is for Docker Hub. */
const dockerHubKey = 'https://index.docker.io/v1/';

/** What a helper says as the user of an identity token: https://github.com/docker/docker-credential-helpers */
const tokenUser = '<token>';

/** Part of the name of a program, which is looked for on the PATH. */
const helperName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const helperLimits = { timeoutMs: 20_000, maxBytes: 64 * 1024 } as const;
const maxFileBytes = 1024 * 1024;
const jsonLimits = { maxTokens: 20_000, maxDepth: 16 } as const;

/**
 * What the user's own configuration has for a registry, as docker and podman read it: a helper of the registry, the common helper, or the
 * file itself. Undefined where there is nothing. Throws RegistryFailure where it is there and cannot be used.
 */
export async function findCredentials(host: string, env: NodeJS.ProcessEnv): Promise<RegistryCredentials | undefined> {
  for (const file of configFiles(env)) {
    const config = await readConfig(file);
    const found = config === undefined ? undefined : await credentialsIn(config, host, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Docker's first, then podman's. https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties */
function configFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const { DOCKER_CONFIG: docker = '', REGISTRY_AUTH_FILE: authFile = '', XDG_RUNTIME_DIR: runtime = '' } = env;
  return [
    ...(authFile === '' ? [] : [authFile]),
    join(docker === '' ? join(env['HOME'] ?? homedir(), '.docker') : docker, 'config.json'),
    ...(runtime === '' ? [] : [join(runtime, 'containers', 'auth.json')]),
  ];
}

/** Undefined where there is no such file. */
async function readConfig(file: string): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new RegistryFailure(`${file} with the credentials of registries cannot be read`);
  }
  if (bytes.byteLength > maxFileBytes || guardJson(bytes, jsonLimits) !== 'fine') {
    throw new RegistryFailure(`${file} is too large for a file with credentials of registries`);
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    // What is wrong would be told with a part of what is in it.
    throw new RegistryFailure(`${file} with the credentials of registries is no JSON`);
  }
}

function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function credentialsIn(
  config: unknown,
  host: string,
  env: NodeJS.ProcessEnv,
): Promise<RegistryCredentials | undefined> {
  const keys = keysOf(host);
  const helpers = recordAt(config, 'credHelpers');
  const ofHost = keys.map((key) => stringAt(helpers, key)).find((name) => name !== undefined);
  const helper = ofHost ?? stringAt(config, 'credsStore') ?? '';
  const asked = helper === '' ? undefined : await askHelper(helper, keys, env);
  return asked ?? inFile(recordAt(config, 'auths'), keys);
}

/** Under which keys a registry may stand, in the order in which they are looked at. */
function keysOf(host: string): readonly string[] {
  const names = [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
  return host === 'docker.io' ? [dockerHubKey, 'index.docker.io', ...names] : names;
}

function inFile(auths: unknown, keys: readonly string[]): RegistryCredentials | undefined {
  for (const key of keys) {
    const entry = recordAt(auths, key);
    const token = stringAt(entry, 'identitytoken') ?? '';
    if (token !== '') return { type: 'identity-token', token };
    const decoded = Buffer.from(stringAt(entry, 'auth') ?? '', 'base64').toString();
    const colon = decoded.indexOf(':');
    if (colon > 0) return { type: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  return undefined;
}

/** A helper that has nothing for a registry says so and fails, so what it says of one key is no reason to stop. */
async function askHelper(
  name: string,
  keys: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<RegistryCredentials | undefined> {
  if (!helperName.test(name))
    throw new RegistryFailure(`the credential helper ${oneLine(name, 80)} is no name of a program`);
  const program = `docker-credential-${name}`;
  for (const key of keys.slice(0, 2)) {
    const result = await runProgram(program, ['get'], { env, ...helperLimits, input: key });
    if (result.type === 'missing')
      throw new RegistryFailure(`${program}, which the configuration names, is not on the PATH`);
    if (result.type === 'timeout')
      throw new RegistryFailure(`${program} has not answered in ${helperLimits.timeoutMs / 1000} seconds`);
    const found = result.type === 'done' ? parseHelperAnswer(result.stdout) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function parseHelperAnswer(stdout: Uint8Array): RegistryCredentials | undefined {
  if (guardJson(stdout, jsonLimits) !== 'fine') return undefined;
  try {
    const answer = JSON.parse(new TextDecoder().decode(stdout)) as unknown;
    const [user = '', secret = ''] = [stringAt(answer, 'Username'), stringAt(answer, 'Secret')];
    if (secret === '') return undefined;
    return user === tokenUser
      ? { type: 'identity-token', token: secret }
      : { type: 'password', user, password: secret };
  } catch {
    return undefined;
  }
}
