// `node scripts/pictures/record-quickstart.ts`: runs the quickstart and keeps what it says in quickstart.txt, of which
// `npm run generate` makes the picture in the README. After a first run, or the building of Kubernetes is most of it.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const command = ['npm', 'run', '--silent', 'quickstart'] as const;

const [program, ...args] = command;
// stdout and stderr in the order in which they come, as on a terminal.
const child = spawn('sh', ['-c', 'exec "$@" 2>&1', 'sh', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  said += text;
  process.stdout.write(text);
});
child.once('close', (code) => {
  process.exitCode = code ?? 1;
  if (code !== 0) return;
  const lines = said.split('\n').map((line) => line.trimEnd());
  const recording = `$ ${command.filter((word) => word !== '--silent').join(' ')}\n${lines.join('\n').trimEnd()}\n`;
  void writeFile(path.join(import.meta.dirname, 'quickstart.txt'), recording.replaceAll(/\n{3,}/g, '\n\n'));
});
