import { describe, expect, it } from '@jest/globals';
import { describePush } from './push.ts';

describe('how to push an image', () => {
  it('is one command with the archive and the tag', () => {
    const text = describePush({
      name: 'mcp-lifecycle',
      reference: 'local.test/mcp-lifecycle:0.1.0',
      archive: '/images/a.tar',
    });
    expect(text).toContain(
      '\n  skopeo copy oci-archive:/images/a.tar docker://registry.example.com/platform/mcp-lifecycle:0.1.0\n',
    );
    expect(text).toContain('docker build .');
  });

  it('mentions the Dockerfile for no other image', () => {
    const image = { reference: 'local.test/mcp-client:2.4.0', archive: '/images/b.tar' };
    expect(describePush({ name: 'mcp-client', ...image })).not.toContain('docker build');
  });
});
