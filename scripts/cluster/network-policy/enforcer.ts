// Runs inside the cluster's Linux namespaces as one of its components: follows pods, Kubernetes namespaces and
// NetworkPolicies, and keeps nftables such that the policies hold. usage: enforcer.ts API-PORT PKI-DIRECTORY SOCKET
// Listens on SOCKET from the moment on that all policies which existed at the start are enforced.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { follow, type ApiAccess } from './follow.ts';
import { buildRuleset, type PolicyWorld } from './ruleset.ts';

const paths = {
  pods: '/api/v1/pods',
  namespaces: '/api/v1/namespaces',
  policies: '/apis/networking.k8s.io/v1/networkpolicies',
} as const satisfies Record<keyof PolicyWorld, string>;

type Known = { -readonly [Part in keyof PolicyWorld]?: readonly unknown[] };

/** Changes come in bursts: a rollout is one ruleset, not ten. In milliseconds. */
const gatherMs = 30;

/** Replaces the rules in one transaction. A refused ruleset is a bug of ours: the process ends, and its log says why. */
function load(ruleset: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', ['--file', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`nft ended with ${code ?? 'a signal'} over this ruleset:\n${ruleset}`));
    });
    child.stdin.end(ruleset);
  });
}

async function enforce(access: ApiAccess, socket: string): Promise<void> {
  const known: Known = {};
  let changed = (): void => undefined;
  for (const part of ['pods', 'namespaces', 'policies'] as const) {
    void follow(paths[part], access, (objects) => {
      known[part] = objects;
      changed();
    });
  }

  let loaded: string | undefined;
  for (;;) {
    const next = new Promise<void>((resolve) => (changed = resolve));
    const world = toWorld(known);
    if (world !== undefined) {
      const ruleset = buildRuleset(world);
      if (ruleset !== loaded) await load(ruleset);
      if (loaded === undefined) tellThatItHolds(socket);
      loaded = ruleset;
    }
    await next;
    await sleep(gatherMs);
  }
}

/** Nothing is enforced before everything is known: a policy alone would cut off pods that its peers allow. */
function toWorld(known: Known): PolicyWorld | undefined {
  const { pods, namespaces, policies } = known;
  if (pods === undefined || namespaces === undefined || policies === undefined) return undefined;
  // The API server answers each path with objects of its kind, and has checked them against their schema.
  return { pods, namespaces, policies } as PolicyWorld;
}

function tellThatItHolds(socket: string): void {
  rmSync(socket, { force: true });
  net.createServer((connection) => connection.end()).listen(socket);
}

const [port = '', pki = '', socket = ''] = process.argv.slice(2);
const read = (file: string): Buffer => readFileSync(path.join(pki, file));
await enforce({ port: Number(port), cert: read('admin.crt'), key: read('admin.key') }, socket);
