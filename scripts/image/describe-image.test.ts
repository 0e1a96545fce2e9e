import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { describeImage } from './describe-image.ts';

const built = { digest: 'sha256:aa', platform: 'linux/amd64' };
const ours = {
  name: 'mcp-lifecycle',
  reference: 'local.test/mcp-lifecycle:0.1.0',
  archive: '/images/a.tar',
  ...built,
} as const;

describe('what is printed about an image', () => {
  it('is what it is called, and the commands that push and install it', () => {
    expect(describeImage(ours)).toMatchInlineSnapshot(`
     "image     local.test/mcp-lifecycle:0.1.0
     digest    sha256:aa
     platform  linux/amd64
     archive   /images/a.tar

     Push it to a registry of yours (registry.example.com is an example):
       skopeo copy oci-archive:/images/a.tar docker://registry.example.com/platform/mcp-lifecycle:0.1.0
     Then install it:
       helm install mcp-lifecycle chart --namespace mcp-lifecycle-system --create-namespace --wait \\
         --set image.registry=registry.example.com --set image.repository=platform/mcp-lifecycle
     Or see it at work without a registry, on a cluster of this machine: \`npm run quickstart\`.
     With Docker, \`docker build .\` makes the same image from a registry (untested).
     "
    `);
  });

  it('ends with the push for an image that is not ours', () => {
    const image = { name: 'mcp-client', reference: 'local.test/mcp-client:2.4.0', archive: '/images/b.tar' } as const;
    const text = describeImage({ ...image, ...built });
    expect(text).toMatch(/ {2}skopeo copy oci-archive:\/images\/b\.tar docker:\/\/\S+\/mcp-client:2\.4\.0\n$/);
  });

  it('installs as the README does', () => {
    const command = (text: string): string | undefined =>
      /helm install[^\n]*\\\n[^\n]*/.exec(text)?.[0].replaceAll(/\s+/g, ' ');
    const printed = command(describeImage(ours));
    expect(printed).toBeDefined();
    expect(command(readFileSync('README.md', 'utf8'))).toBe(printed);
  });
});
