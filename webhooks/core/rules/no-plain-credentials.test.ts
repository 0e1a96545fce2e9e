import { describe, expect, it } from '@jest/globals';
import { renderLine, renderWarning } from '../engine/render.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import type { Finding } from '../engine/finding.ts';
import { renderPath } from '../mcpserver/violation.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { noPlainCredentials } from './no-plain-credentials.ts';

type Config = Parameters<typeof withSpec>[0]['config'];

const judge = (config: Config): readonly Finding[] =>
  evaluateRules([noPlainCredentials], { server: anMCPServer(withSpec({ config })), facts: inMemoryFacts() });

const said = (config: Config): readonly string[] => judge(config).map(({ headline }) => headline);

// In pieces, so that nobody who searches this repository for credentials stops here.
const samples = {
  github: ['gh', 'p_', '0123456789abcdefABCDEF0123456789abcdef'].join(''),
  githubFineGrained: ['github', '_pat_', '11ABCDEFG0123456789abcdef_xyz'].join(''),
  openAi: ['sk', '-', 'proj-', 'abcdefghijklmnopqrstuvwxyz0123'].join(''),
  anthropic: ['sk', '-ant-', 'api03-abcdefghijklmnopqrstuvwxyz'].join(''),
  aws: ['AK', 'IA', 'IOSFODNN7EXAMPLE'].join(''),
  slack: ['xo', 'xb-', '123456789012-abcdefghijkl'].join(''),
  jwt: ['ey', 'JhbGciOiJIUzI1NiJ9', '.ey', 'JzdWIiOiIxMjM0In0', '.SflKxwRJSMeKKF2QT4fw'].join(''),
  pem: `${['-----BEGIN', 'RSA PRIVATE', 'KEY-----'].join(' ')}\nMIIEowIBAAKCAQEA\n`,
  url: 'postgres://search:correct-horse@db:5432/search',
  emptyUserUrl: 'redis://:correct-horse@cache:6379',
  dsn: 'host=db user=search password=correct-horse',
  bearer: 'Authorization: Bearer correct-horse-battery-staple',
};

describe('a value with the shape of a credential', () => {
  it.each([
    [samples.github, 'looks like a GitHub token in plain text'],
    [samples.githubFineGrained, 'looks like a GitHub token in plain text'],
    [samples.openAi, 'looks like an OpenAI key in plain text'],
    [samples.anthropic, 'looks like an Anthropic key in plain text'],
    [samples.aws, 'looks like an AWS access key in plain text'],
    [samples.slack, 'looks like a Slack token in plain text'],
    [samples.jwt, 'looks like a JSON Web Token in plain text'],
    [samples.pem, 'looks like a private key in plain text'],
    [samples.url, 'looks like a URL with a password in plain text'],
    [samples.emptyUserUrl, 'looks like a URL with a password in plain text'],
    [samples.dsn, 'looks like a password in a connection string in plain text'],
    [samples.bearer, 'looks like an Authorization header in plain text'],
  ])('is recognized whatever it is called (%#)', (value, headline) => {
    expect(said({ env: [{ name: 'SETTING', value }] })).toEqual([headline]);
    expect(said({ env: [{ name: 'SETTING', value: `{"x": "${value}"}` }] })).toEqual([headline]);
    expect(said({ arguments: ['serve', value] })).toEqual([headline]);
    expect(said({ arguments: [`--setting=${value}`] })).toEqual([headline]);
  });

  it.each([
    ['://:xy@', 'looks like a URL with a password in plain text'],
    ['pwd=abc', 'looks like a password in a connection string in plain text'],
    [['xo', 'xb-', '0123456789'].join(''), 'looks like a Slack token in plain text'],
    [['xa', 'pp-', '1-', '0123456789'].join(''), 'looks like a Slack token in plain text'],
    [['AK', 'IA', '0123456789ABCDEF'].join(''), 'looks like an AWS access key in plain text'],
    [['-----BEGIN', 'PRIVATE', 'KEY'].join(' '), 'looks like a private key in plain text'],
    [['rk', '_live_', '0123456789abcdef'].join(''), 'looks like a Stripe key in plain text'],
  ])('is recognized when it is as short as it can be (%#)', (value, headline) => {
    expect(said({ env: [{ name: 'SETTING', value }] })).toEqual([headline]);
  });

  it('is one finding when its name says the same', () => {
    expect(said({ env: [{ name: 'GITHUB_TOKEN', value: samples.github }] })).toHaveLength(1);
  });

  it.each([
    'postgres://search:$(DB_PASSWORD)@db:5432/search',
    'postgres://search@db:5432/search',
    'https://example.com/a:b@c',
    'https://example.com:8080/path?mail=a@b.example',
    'host=db password=$(DB_PASSWORD)',
    'https://example.com/?forgot_password=true',
    'Authorization: Bearer $(TOKEN)',
    'Bearer of good news, everyone',
    'task-force-one-hundred-and-twenty-three',
    'a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2',
    '550e8400-e29b-41d4-a716-446655440000',
    'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    '-----BEGIN CERTIFICATE-----\nMIIB',
  ])('is not seen in %s', (value) => {
    expect(said({ arguments: [value], env: [{ name: 'SETTING', value }] })).toEqual([]);
  });
});

describe('a name that means a credential', () => {
  it.each([
    'PASSWORD',
    'PGPASSWORD',
    'DB_PASSWORD',
    'SMTP_PASS',
    'DB_PWD',
    'GITHUB_TOKEN',
    'TOKEN_2',
    'CLIENT_SECRET',
    'AWS_SECRET_ACCESS_KEY',
    'OPENAI_API_KEY',
    'APIKEY',
    'SSH_PRIVATE_KEY',
    'db.password',
    'clientSecret',
  ])('is recognized: %s', (name) => {
    expect(said({ env: [{ name, value: 'correct-horse' }] })).toEqual(['looks like a credential in plain text']);
    expect(said({ arguments: [`--${name}=correct-horse`] })).toHaveLength(1);
    expect(said({ arguments: [`--${name}`, 'correct-horse'] })).toHaveLength(1);
  });

  it.each([
    'PATH',
    'PWD',
    'OLDPWD',
    'COMPASS',
    'MONKEY',
    'PUBLIC_KEY',
    'CACHE_KEY',
    'TOKEN_URL',
    'TOKEN_FILE',
    'TOKEN_TYPE',
    'MAX_TOKENS',
    'SECRET_NAME',
    'PASSWORD_MIN_LENGTH',
    'API_KEY_HEADER',
    'IMAGE_PULL_SECRET',
    'USE_TOKEN',
  ])('is not seen in %s', (name) => {
    expect(said({ env: [{ name, value: 'correct-horse' }] })).toEqual([]);
    expect(said({ arguments: [`--${name}=correct-horse`, `--${name}`, 'correct-horse'] })).toEqual([]);
  });

  it.each([
    '',
    ' ',
    'true',
    'No',
    '4096',
    'required',
    '$(TOKEN)',
    'prefix-$(TOKEN)',
    '/var/run/secrets/token',
    './token',
    'file:///etc/token',
    'https://login.example.com/token',
    'op://vault/search/token',
    'vault:secret/data/search#token',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:search',
    '<your token>',
    '${TOKEN}',
    '{{ .Values.token }}',
    '********',
  ])('leaves the value %p alone', (value) => {
    expect(said({ env: [{ name: 'TOKEN', value }] })).toEqual([]);
  });

  it('does not take the next flag for its value', () => {
    expect(said({ arguments: ['--password', '--verbose', '--token'] })).toEqual([]);
  });
});

it('is also seen in the headers and commands of probes', () => {
  const probe = {
    httpGet: { port: 'mcp', httpHeaders: [{ name: 'Authorization', value: samples.bearer }] },
    exec: { command: ['curl', '--header', samples.bearer] },
  };
  const health = { livenessProbe: probe, readinessProbe: probe };
  const findings = evaluateRules([noPlainCredentials], {
    server: anMCPServer(withSpec({ runtime: { health } })),
    facts: inMemoryFacts(),
  });
  expect(findings.map(({ path }) => renderPath(path).replace('spec.runtime.health.', ''))).toEqual([
    'livenessProbe.exec.command[2]',
    'livenessProbe.httpGet.httpHeaders[0].value',
    'readinessProbe.exec.command[2]',
    'readinessProbe.httpGet.httpHeaders[0].value',
  ]);
});

it('shows no part of what it found', () => {
  const secrets = Object.values(samples);
  const findings = judge({
    arguments: [...secrets, '--token', 'correct-horse', '--password=correct-horse', 'Y29ycmVjdC1ob3JzZQTOKEN=staple'],
    env: secrets.map((value, index) => ({ name: `X${index}_TOKEN`, value })),
  });
  expect(findings).toHaveLength(2 * secrets.length + 3);
  const text = findings.flatMap((finding) => [renderLine(finding), renderWarning(finding)]).join('\n');
  for (const part of [
    'correct',
    'horse',
    'staple',
    'Y29y',
    '0123456789',
    'abcdef',
    'IOSF',
    'MII',
    'hbGci',
    'search:',
  ]) {
    expect(text).not.toContain(part);
  }
});

it('looks at the first 4,096 characters of a value', () => {
  const at = (offset: number): readonly string[] =>
    said({ env: [{ name: 'SETTING', value: `${' '.repeat(offset)}${samples.github} ` }] });
  expect(at(4000)).toHaveLength(1);
  expect(at(4096)).toHaveLength(0);
});
