import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands in a Secret of the input, and must stand nowhere else. */
export const secretValue = 'hunter2-of-the-secret';

/** Means something to each reader of an output: terminals, XML, workflow commands, Markdown, HTML, links. */
const hostileText =
  '\u001b[31m]]><b>&"|`::error::%0A%25,a:b\n::stop-commands::x ![i](https://evil.example/x) \u202e\ud83d\ude00';

/** Names of files that are hostile and still can be. */
export const hostileFile = 'a b%2C,::error file=x::|<i>&"`.yaml';

const server = (name: string, rest = ''): string => `apiVersion: mcp.x-k8s.io/v1beta1
kind: MCPServer
metadata:
  name: ${JSON.stringify(name)}
  namespace: tools
spec:
  source: {type: ContainerImage, containerImage: {ref: "example.com/search:1.4.0"}}
  config: {port: 8080${rest}}
`;

const asRoot = '  runtime: {security: {securityContext: {runAsUser: 0}}}\n';
const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: tools}\nstringData: {token: ${secretValue}}\n`;

/** A folder with a server that is fine, refused ones, one with a warning, one that is hostile, a Secret and a broken file. */
export function writeHostileInput(folder: string): void {
  const write = (name: string, ...documents: readonly string[]): void => {
    writeFileSync(join(folder, name), documents.join('---\n'));
  };
  mkdirSync(join(folder, 'deploy'));
  write('deploy/fine.yaml', server('fine'), secret);
  write('deploy/refused.yaml', `${server('refused')}${asRoot}`, `${server('refused-too')}${asRoot}`);
  write(
    'deploy/warned.yaml',
    server('warned', ', env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: token, key: other}}}]'),
  );
  write(hostileFile, server(hostileText, `, path: ${JSON.stringify(`/${hostileText}`)}`));
  write('deploy/broken.yaml', `kind: Secret\nstringData: {a: "${secretValue}\n`);
}
