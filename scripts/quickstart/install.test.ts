import { describe, expect, it } from '@jest/globals';
import { upgradeCommand } from './install.ts';

const image = { reference: 'local.test/mcp-lifecycle:0.1.0', digest: 'sha256:0' };

describe('an upgrade of the chart', () => {
  it('of a second quickstart keeps what was set meanwhile, under the values of a newer chart (it was dropped)', () => {
    const command = upgradeCommand(image, { keepsValues: true });
    expect(command).toContain('--reset-then-reuse-values');
    expect(command.indexOf('--reset-then-reuse-values')).toBeLessThan(command.indexOf('image.tag=0.1.0'));
  });

  it('begins with the values of the chart where nobody asks for more: cases end with the installation as usual', () => {
    expect(upgradeCommand(image).filter((argument) => argument.includes('reuse'))).toEqual([]);
  });
});
