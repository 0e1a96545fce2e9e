/** @slow more than a thousand servers, each asked of the API server with all of its children. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { compileCrdRules } from '../../../webhooks/cli/crd-rules.ts';
import { structure } from '../../../webhooks/core/mcpserver/structure.gen.ts';
import { rules } from '../../../webhooks/core/rules/index.gen.ts';
import { connectToCluster } from '../../../webhooks/platform/kube/connect.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { createTrial, dryRun, type Outcome } from './creation.ts';
import { exceptions, policyRules } from './exceptions.ts';
import { mutants } from './mutants/mutants.ts';

/** The requests of one mutant come on top: about twice as many at once. */
const atOnce = 4;

describe('an MCPServer that admission accepts has children that the API server accepts', () => {
  const namespace = useNamespace();
  const outcomes: Outcome[] = [];

  const isAccepted = ({ denials }: Outcome): boolean => denials.length === 0;
  const isCreatable = ({ refusedChildren }: Outcome): boolean => refusedChildren.length === 0;

  /** Refused by rules that claim that Kubernetes would refuse it, and not by the schema, which always does. */
  const isClaimedInvalid = ({ denials }: Outcome): boolean =>
    denials.some(({ ruleId }) => !policyRules.has(ruleId)) && denials.every(({ ruleId }) => ruleId !== 'schema');

  beforeAll(async () => {
    const api = dryRun(await connectToCluster(process.env));
    const tryMutant = createTrial({ api, crdRules: compileCrdRules(structure), namespace });
    const waiting = [...mutants];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        outcomes.push(await tryMutant(next));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  });

  it('tries many of both kinds', () => {
    expect(outcomes).toHaveLength(mutants.length);
    expect(outcomes.filter(isAccepted).length).toBeGreaterThan(600);
    expect(outcomes.filter((outcome) => !isCreatable(outcome)).length).toBeGreaterThan(400);
  });

  it('and every child of an accepted one can be created', () => {
    const found = outcomes.filter((outcome) => isAccepted(outcome) && !isCreatable(outcome));
    expect(found.map(({ title, refusedChildren }) => ({ title, refusedChildren }))).toEqual([]);
  });

  it('and nothing is refused that could be created, with known exceptions', () => {
    const found = outcomes
      .filter((outcome) => isClaimedInvalid(outcome) && isCreatable(outcome))
      .filter(({ title }) => !exceptions.some(({ titles }) => titles.test(title)));
    expect(found.map(({ title, denials }) => ({ title, denials }))).toEqual([]);
  });

  it('and every exception is one', () => {
    const claimed = outcomes.filter((outcome) => isClaimedInvalid(outcome) && isCreatable(outcome));
    const unused = exceptions.filter(({ titles }) => !claimed.some(({ title }) => titles.test(title)));
    expect(unused).toEqual([]);
    const ids = new Set(rules.map(({ id }) => id));
    expect([...policyRules].filter((id) => !ids.has(id))).toEqual([]);
  });

  it('and the cluster says about the MCPServer what the command line says', () => {
    const found = outcomes.filter((outcome) => isAccepted(outcome) !== (outcome.refused === undefined));
    expect(found.map(({ title, denials, refused }) => ({ title, denials, refused }))).toEqual([]);
  });
});
