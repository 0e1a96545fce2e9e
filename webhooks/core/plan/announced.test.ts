import { describe, expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec, withUid } from '../testing/builders.ts';
import { deployment } from '../resources/deployment.ts';
import { service } from '../resources/service.ts';
import { isAnnounced } from './announced.ts';
import type { ObservedChild } from './observed.ts';
import { aChild } from './testing/a-child.ts';
import { asObserved } from './testing/as-observed.ts';

const announcedTo = (provider: string): ReturnType<typeof anMCPServer> =>
  anMCPServer(withUid('u-1'), withRawSpec({ gateway: { provider } }));
const { controller } = aChild({ uid: 'u-1' });
const ours = controller === undefined ? {} : { controller };

describe.each([
  ['agentgateway', service],
  ['gke', deployment],
])('an announcement to %s', (provider, of) => {
  const server = announcedTo(provider);
  const seen = (from: typeof server, changes: Partial<ObservedChild> = {}): readonly ObservedChild[] =>
    of.build({ server: from }).map((object) => asObserved(object, { ...ours, ...changes }));

  it('stands where a field of ours says so', () => {
    expect(isAnnounced(server, seen(server))).toBe(true);
    expect(isAnnounced(announcedTo('example.com/edge'), seen(server))).toBe(false);
  });

  it('does not stand without that field, whatever the author writes into metadata of his own, nor in what is not ours', () => {
    const extra = { extraAnnotations: { 'agentgateway.dev/mcp-path': '/', 'modelcontextprotocol.info/urls': 'x' } };
    const author = anMCPServer(withUid('u-1'), withRawSpec(extra));
    expect(isAnnounced(server, seen(author))).toBe(false);
    expect(isAnnounced(server, seen(server, { ownedFields: '{}' }))).toBe(false);
    expect(
      isAnnounced(
        server,
        seen(server, {
          controller: { ...aChild({ uid: 'u-2' }).controller, apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u-2' },
        }),
      ),
    ).toBe(false);
    expect(isAnnounced(server, [])).toBe(false);
  });
});
