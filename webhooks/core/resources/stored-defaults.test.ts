import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyDefaults, applyEach, applyStoredDefaults, defaultsOf } from '../defaults/apply.ts';
import { generatedServers } from '../testing/generated-servers.ts';
import { expandedKinds } from './index.gen.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** Until 0.1 admission also stored what depends on other fields. */
const defaults = defaultsOf.default;
const storedOnce = defaults.filter(({ notStored }) => notStored !== 'is one whole');

const expand = (server: MCPServer): readonly unknown[] =>
  expandedKinds.flatMap((kind) => kind.build({ server: applyDefaults(server) }));

it('what a server expands to does not depend on which defaults were stored with it: an upgrade restarts no pod', () => {
  expect(storedOnce.length).toBeGreaterThan(defaults.filter(({ notStored }) => notStored === undefined).length);
  fc.assert(
    fc.property(generatedServers, (server) => {
      const wanted = expand(server);
      expect(expand(applyEach(server, storedOnce))).toEqual(wanted);
      expect(expand(applyStoredDefaults(server))).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});
