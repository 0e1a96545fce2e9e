import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the API server is reached: over loopback inside the cluster's own network, as its administrator. */
export interface ApiAccess {
  readonly port: number;
  readonly cert: Buffer;
  readonly key: Buffer;
}

interface ListedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items?: readonly ListedObject[];
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR';
  readonly object: ListedObject;
}

/** Pause before the next list when one failed, in milliseconds. */
const retryMs = 200;

/** Tells of all objects of one resource, again after every change. Never ends. */
export async function follow(
  path: string,
  access: ApiAccess,
  onChange: (objects: readonly unknown[]) => void,
): Promise<never> {
  for (;;) {
    const objects = new Map<string, ListedObject>();
    const lines: string[] = [];
    const tell = (): void => {
      onChange([...objects.values()]);
    };
    await readLines(path, access, (line) => lines.push(line));
    const list = parse(lines.join('')) as List | undefined;
    if (list === undefined) {
      await sleep(retryMs);
      continue;
    }
    for (const object of list.items ?? []) objects.set(keyOf(object), object);
    tell();
    // Ends by itself after minutes, or with an ERROR when the version is too old: then the list begins anew.
    const query = `?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
    await readLines(`${path}${query}`, access, (line) => {
      const event = parse(line) as WatchEvent | undefined;
      if (event === undefined || event.type === 'ERROR') return;
      if (event.type === 'DELETED') objects.delete(keyOf(event.object));
      else objects.set(keyOf(event.object), event.object);
      tell();
    });
  }
}

function keyOf({ metadata }: ListedObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What the API server sends is what was asked for, or no JSON at all because the connection broke. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each line of a 2xx answer as it comes; resolves when the answer ends, however it ends. */
function readLines(path: string, { port, cert, key }: ApiAccess, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    // The certificate is not verified: the address is loopback inside the cluster's own network.
    const options = { port, path, cert, key, rejectUnauthorized: false, agent: false } as const;
    const request = https.get({ host: '127.0.0.1', ...options }, (response) => {
      let rest = '';
      if (response.statusCode !== 200) response.resume();
      else
        response.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          lines.forEach(onLine);
        });
      response.once('close', () => {
        if (response.complete && rest !== '') onLine(rest);
        resolve();
      });
    });
    request.once('error', () => {
      resolve();
    });
  });
}
