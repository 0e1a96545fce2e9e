import { readFile } from 'node:fs/promises';
import { generatedMark, type Generator } from './generator.ts';
import { inRepository } from './root.ts';
import { terminalPicture } from './terminal-picture.ts';

/** A run of the quickstart as people see it, which `scripts/pictures/record-quickstart.ts` wrote down. */
const quickstartRecording = 'scripts/pictures/quickstart.txt';

/** The README's picture of the quickstart. */
export const quickstartPicture: Generator = {
  name: 'picture of the quickstart',
  async generate() {
    const recording = await readFile(inRepository(quickstartRecording), 'utf8');
    const label = 'A run of the quickstart in a terminal: two servers verified, one manifest refused, one warned about';
    const header = `<!-- ${generatedMark} from ${quickstartRecording}; do not edit. -->
`;
    return [{ path: 'docs/pictures/quickstart.svg', content: `${header}${terminalPicture(recording, label)}` }];
  },
};
