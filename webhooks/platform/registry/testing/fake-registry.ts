import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a registry of a test answers below `/v2/`, and elsewhere. */
export interface FakeRegistry {
  /** `localhost:PORT`. */
  readonly host: string;
  /** Each request, with what it said of who asks. */
  readonly asked: readonly string[];
  /** By path, the query included. Undefined: 404. */
  readonly answers: Map<string, FakeAnswer>;
  /** Puts a manifest or an index under a tag and its digest, which it returns. */
  put(repository: string, tag: string, manifest: object, type: string): string;
  /** Puts a blob, and returns its digest. */
  putBlob(repository: string, content: object | string): string;
  /** Puts an image of one platform, and returns the digest of its manifest. */
  putImage(repository: string, tag: string, config: object, platform?: object): string;
  close(): Promise<void>;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What `Authorization` has to be; otherwise it is 401 with this challenge. */
  readonly wants?: { readonly authorization: string; readonly challenge: string };
}

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The read part of the registry API, by hand: each answer is what a test says, so that it can also be wrong. */
export async function startFakeRegistry(): Promise<FakeRegistry> {
  const asked: string[] = [];
  const answers = new Map<string, FakeAnswer>();
  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    const who = headers.authorization === undefined ? '' : ` as ${headers.authorization}`;
    readBody(request, (body) => {
      asked.push(`${request.method ?? ''} ${url}${who}${body === '' ? '' : ` with ${body}`}`);
      answer(response, answers.get(url), headers.authorization);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on a port, so that is what it has for an address.
  const { port } = server.address() as AddressInfo;
  const put: FakeRegistry['put'] = (repository, tag, manifest, type) => {
    const body = JSON.stringify(manifest);
    for (const name of [tag, digestOf(body)])
      answers.set(`/v2/${repository}/manifests/${name}`, { body, headers: { 'content-type': type } });
    return digestOf(body);
  };
  const putBlob: FakeRegistry['putBlob'] = (repository, content) => {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    answers.set(`/v2/${repository}/blobs/${digestOf(body)}`, { body });
    return digestOf(body);
  };
  return {
    ...{ host: `localhost:${port}`, asked, answers, put, putBlob },
    putImage(repository, tag, config, platform = { os: 'linux', architecture: 'amd64' }) {
      const digest = putBlob(repository, { ...platform, config });
      return put(repository, tag, { schemaVersion: 2, mediaType: ociManifest, config: { digest } }, ociManifest);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readBody(request: IncomingMessage, then: (body: string) => void): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    then(body);
  });
}

function answer(response: ServerResponse, found: FakeAnswer | undefined, authorization: string | undefined): void {
  if (found === undefined) return void response.writeHead(404).end();
  const { status = 200, headers = {}, body = '', wants } = found;
  if (wants !== undefined && wants.authorization !== authorization)
    return void response.writeHead(401, { 'www-authenticate': wants.challenge }).end();
  response.writeHead(status, headers).end(body);
}
