// npm run package             writes dist/npm, which `npm pack` and `npm publish` take
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpmPackage } from './npm-package.ts';

const folder = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist/npm');
await writeNpmPackage(folder);
console.log(`dist/npm: \`npm pack ./dist/npm\` makes an archive of it that \`npm install --global\` takes`);
