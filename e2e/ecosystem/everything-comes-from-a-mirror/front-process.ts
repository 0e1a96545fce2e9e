/**
 * What a company has before its registry: TLS, and a password. In the network of the cluster, as a program with the port
 * to listen at, that of the registry behind it, the certificate's file without its end, and `user:password`.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';

const [, , port, behindPort, certificate = '', credentials = ''] = process.argv;
const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
const pair = { cert: readFileSync(`${certificate}.crt`), key: readFileSync(`${certificate}.key`) };

createServer(pair, (incoming, answer) => {
  if (incoming.headers.authorization !== expected) {
    answer.writeHead(401, { 'WWW-Authenticate': 'Basic realm="registry"' }).end();
    return;
  }
  const { method, url, headers } = incoming;
  const behind = request({ port: behindPort, method, path: url, headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
  });
  behind.on('error', () => answer.destroy());
  incoming.pipe(behind);
}).listen(Number(port));
