import { expect, it } from '@jest/globals';
import { launchedPackages, launchesNothing } from './launched-packages.ts';

it.each<[line: string, packages: readonly string[]]>([
  ['npx server', ['server']],
  ['npx -y @example/server@1.0.0 --root /data', ['@example/server@1.0.0']],
  ['npx --yes --package=a --package b server', ['a', 'b']],
  ['npx -p a -c run', ['a']],
  ['npx --registry https://npm.example.com server', ['server']],
  ['npx -- server', ['server']],
  ['npx', []],
  ['npm exec --yes server', ['server']],
  ['npm x -- server --flag', ['server']],
  ['npm start', []],
  ['/usr/bin/npx server', ['server']],
  ['uvx server@1.0', ['server@1.0']],
  ['uvx --python 3.12 --with httpx==1.0 server', ['httpx==1.0', 'server']],
  ['uvx --from git+https://example.com/a server', ['git+https://example.com/a']],
  ['uv tool run server', ['server']],
  ['uv run --with httpx server.py', ['httpx']],
  ['uv run server.py', []],
  ['pipx run server', ['server']],
  ['pipx run --spec a==1 server', ['a==1']],
  ['pipx run --path server.py', []],
  ['pipx run --path --with httpx ./server.py', ['httpx']],
  ['pipx run --python 3.12 --path ./server.py', ['./server.py']],
  ['pipx install server', []],
  ['node server.js', []],
  ['constructor server', []],
  ['', []],
])('%s launches %j', (line, packages) => {
  expect(launchedPackages(line.split(' ')).map(({ text }) => text)).toEqual(packages);
});

it.each([
  ...['npx', '/usr/bin/npx', 'npx -y', 'npx --', 'npx -p server', 'npx --package=server', 'npm exec', 'npm x --yes'],
  ...['uvx', 'uvx --from server', 'uvx --python 3.12', 'uv tool run', 'pipx run', 'npm', 'uv', 'pipx'],
])('%s launches nothing', (line) => {
  expect(launchesNothing(line.split(' '))).toBe(true);
});

it.each([
  ...['npx server', 'npx -y server', 'npx -- server', 'npx -c server', 'npx -p a --call=server', 'npm start'],
  ...[
    'uvx --from a server',
    'uv run -m server',
    'uv run',
    'uv sync',
    'pipx run server',
    'pipx run --path ./x.py',
    'pipx run --verbose --path ./x.py',
    'npx $(SERVER)',
  ],
  ...['node', 'constructor', '/app/server', ''],
])('nobody can say that of %s', (line) => {
  expect(launchesNothing(line.split(' '))).toBe(false);
});
