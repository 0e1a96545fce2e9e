import { describe, expect, it } from '@jest/globals';
import { parseAddressPlan } from '../address-plan.ts';
import { buildLayout } from './layout.ts';
import { buildPlan, stepNames, type Plan, type Step } from './plan.ts';

function aPlan(port = 6443): Plan {
  return buildPlan({
    name: 'two',
    port,
    addresses: parseAddressPlan('10.50.0.0/16', '10.60.0.0/16'),
    layout: buildLayout('/state/two'),
    binaries: {
      kubernetes: '/cache/k8s',
      etcd: '/cache/etcd',
      coredns: '/cache/coredns',
      pauseArchive: '/cache/pause.tar',
    },
  });
}

function commandOf(plan: Plan, name: string): readonly string[] {
  const step = plan.steps.find((candidate: Step) => candidate.name === name);
  return step === undefined || step.kind === 'condition' ? [] : step.command;
}

describe('the plan', () => {
  it('names what a step needs before the step itself, as the supervisor starts them in this order', () => {
    const seen = new Set<string>();
    for (const { name, after } of aPlan().steps) {
      expect(after.filter((needed) => !seen.has(needed))).toEqual([]);
      seen.add(name);
    }
  });

  it('calls each step by the name under which it is listed', () => {
    expect(aPlan().steps.map(({ name }) => name)).toEqual(stepNames);
  });

  it('waits for the node and for the account that pods need', () => {
    const conditions = aPlan().steps.filter(({ kind }) => kind === 'condition');
    expect(conditions.map(({ name }) => name)).toEqual(['node', 'service-account']);
  });

  it('imports the pause image before the kubelet makes pods', () => {
    expect(aPlan().steps.find(({ name }) => name === 'kubelet')?.after).toContain('pause-image');
  });

  it('uses the addresses and the port it was given', () => {
    const flags = commandOf(aPlan(7000), 'kube-apiserver');
    expect(flags).toEqual(
      expect.arrayContaining([
        '--advertise-address=10.50.0.1',
        '--service-cluster-ip-range=10.60.0.0/16',
        '--secure-port=7000',
      ]),
    );
  });

  it('writes nowhere but below the state directory', () => {
    const flags = aPlan().steps.flatMap(({ name }) => commandOf(aPlan(), name));
    const directories = flags.filter((flag) => flag.includes('-dir='));
    expect(directories).not.toEqual([]);
    expect(directories.filter((flag) => !flag.includes('=/state/two/'))).toEqual([]);
  });
});
