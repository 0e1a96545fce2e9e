import { expect, it } from '@jest/globals';
import type { ExpandedKind } from '../resources/expanded-kind.ts';
import { deployment } from '../resources/deployment.ts';
import { builtInPolicy } from '../rules/built-in-policy.ts';
import { anInstallation } from '../testing/an-installation.ts';
import { anMCPServer, withUid } from '../testing/builders.ts';
import { anInstant, prepared } from '../testing/evaluate-rules.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { decide } from './decide.ts';

it('an expansion sees the installation that it is for', () => {
  const seen: unknown[] = [];
  const build: ExpandedKind['build'] = (input) => {
    seen.push(input.installation);
    return deployment.build(input);
  };
  const looking = { ...deployment, build };
  const installation = anInstallation({ image: 'registry.example.com/ours:1', clusterDomain: 'example.local' });
  const subject = prepared(anMCPServer(withUid('u-1')));
  const judged = { facts: inMemoryFacts(), policy: builtInPolicy, policyVersion: { revision: 1 }, now: anInstant };
  decide({ ...judged, subject, installation, observed: [], digest: () => 'd', expandedKinds: [looking] });
  expect(seen).toEqual([installation]);
});
