import { each, merge, type Mutant } from './mutant.ts';

const texts = ['a', '', '.', 'a.', 'a/b', 'a b', 'É', 'A_b.c', 'a'.repeat(253), 'a'.repeat(254), '*.a', '-a', 'a..b'];
const hosts = [...texts, 'https://a', 'a:80', '192.0.2.7', '::1', 'a.1', '1.a', '*', 'a*.b', `${'a'.repeat(64)}.b`];
const paths = ['/', '//', '/a', '/a/', 'a', '', '/./a', '/..', '/a%2fb', '/a%zz', '/%', '/a b', '/é', '/a?b', '/a/...'];
const keys = ['kubernetes.io/ingress.class', 'a', 'A', 'a/b', 'a/b/c', '', 'a b', 'a'.repeat(64), 'É', 'a/', '/a', '-'];

const at = 'extensions.ingress';
const beside = { extensions: { ingress: { host: 'mcp.example.com' } } };

export const ingress: readonly Mutant[] = [
  ...each(`${at}.host`, hosts),
  ...each(`${at}.className`, texts, beside),
  ...each(`${at}.tlsSecretName`, texts, beside),
  ...each(`${at}.path`, paths, merge(beside, { config: { path: '/a/b' } })),
  ...each('config.path', paths, beside),
  ...each(`${at}.annotations`, [{}, ...keys.map((key) => ({ [key]: 'x' }))], beside),
];
