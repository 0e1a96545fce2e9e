import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReadable, readObject, readObjects } from './api.ts';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Any object, as far as cases look into it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly phase?: string;
    readonly address?: { readonly url?: string };
    readonly conditions?: readonly Condition[];
    readonly [field: string]: unknown;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/**
 * What kubectl knows of APIs, of this file alone: it keeps that for hours, and goes on taking `mcpserver` for the kind of a
 * CRD that another case has removed again.
 */
export const discoveryFolder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-kubectl-'));

/** Runs kubectl to its end; a refusal is a result. `input` is an object or YAML text for `--filename -`. */
export function kubectl(args: readonly string[], input?: object | string): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KUBECACHEDIR: discoveryFolder };
    const child = spawn('kubectl', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? 128, stdout, stderr });
    });
    // A kubectl that ends before it has read its input says why in stderr.
    child.stdin.on('error', () => undefined);
    child.stdin.end(typeof input === 'object' ? JSON.stringify(input) : (input ?? ''));
  });
}

/** The same for what must succeed; returns what kubectl printed. */
export async function kubectlOk(args: readonly string[], input?: object | string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

export function apply(namespace: string, manifest: object | string): Promise<string> {
  return kubectlOk(['apply', '--namespace', namespace, '--filename', '-'], manifest);
}

/** `resource` as kubectl takes it, version and group included: `mcpservers.v1alpha1.mcp.x-k8s.io`. */
export async function get(namespace: string, resource: string, name: string): Promise<KubeObject | undefined> {
  if (isReadable(resource)) return readObject(namespace, resource, name);
  const text = await kubectlOk([
    'get',
    resource,
    name,
    '--namespace',
    namespace,
    '--ignore-not-found',
    '--output',
    'json',
  ]);
  // kubectl prints the object as the API server sent it.
  return text.trim() === '' ? undefined : (JSON.parse(text) as KubeObject);
}

/** Objects of one or more kinds (`deployments,services`); `scope` is a namespace, or every one of them. */
export async function list(
  scope: { readonly namespace: string } | 'everywhere',
  kinds: string,
  selector?: string,
): Promise<readonly KubeObject[]> {
  if (isReadable(kinds)) return readObjects(scope === 'everywhere' ? undefined : scope.namespace, kinds, selector);
  const where = scope === 'everywhere' ? ['--all-namespaces'] : ['--namespace', scope.namespace];
  const which = selector === undefined ? [] : ['--selector', selector];
  const text = await kubectlOk(['get', kinds, ...where, ...which, '--output', 'json']);
  return (JSON.parse(text) as { readonly items: readonly KubeObject[] }).items;
}

export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** A copy of a record without some of its fields. */
export function without(
  record: Readonly<Record<string, unknown>> | undefined,
  ...fields: readonly string[]
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([field]) => !fields.includes(field)));
}
