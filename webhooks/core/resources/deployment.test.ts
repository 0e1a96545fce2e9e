import { afterEach, describe, expect, it } from '@jest/globals';
import { anMCPServer, withReplicas, withSpec } from '../testing/builders.ts';
import type { Option } from '../testing/builders.ts';
import { deployment } from './deployment.ts';

interface DeploymentSpec {
  readonly strategy: unknown;
  readonly minReadySeconds?: number;
  readonly template: {
    readonly spec: {
      readonly enableServiceLinks?: boolean;
      readonly terminationGracePeriodSeconds?: number;
      readonly containers: readonly { readonly lifecycle?: unknown }[];
    };
  };
}

function specOf(...options: readonly Option[]): DeploymentSpec {
  const [built] = deployment.build({ server: anMCPServer(...options) });
  return built?.['spec'] as DeploymentSpec;
}

function lifecycleWithin(terminationGracePeriodSeconds: number): unknown {
  const { containers } = specOf(withSpec({ extensions: { rollout: { terminationGracePeriodSeconds } } })).template.spec;
  return containers[0]?.lifecycle;
}

describe('pods that are replaced', () => {
  it.each([
    [0, 1],
    [1, 1],
    [4, 1],
    [5, '25%'],
    [20, '25%'],
  ])('of %i replicas go only when others are there: no more than %s at a time beside them', (replicas, maxSurge) => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } };
    expect(specOf(withReplicas(replicas)).strategy).toEqual(strategy);
  });

  it('all go before the new ones come where the spec says Recreate', () => {
    expect(specOf(withSpec({ extensions: { rollout: { strategy: 'Recreate' } } })).strategy).toEqual({
      type: 'Recreate',
    });
  });

  it('go on serving for five seconds after they were told to go, and say in how many: less of somebody else would be refused beside that', () => {
    const { terminationGracePeriodSeconds, containers } = specOf().template.spec;
    expect(containers[0]?.lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(terminationGracePeriodSeconds).toBe(30);
  });

  it('have as long as the spec says, and sleep no longer than the API server takes beside that', () => {
    const long = specOf(withSpec({ extensions: { rollout: { terminationGracePeriodSeconds: 3_600 } } }));
    expect(long.template.spec.terminationGracePeriodSeconds).toBe(3_600);
    expect(lifecycleWithin(3_600)).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(lifecycleWithin(3)).toEqual({ preStop: { sleep: { seconds: 2 } } });
    expect(lifecycleWithin(1)).toBeUndefined();
  });

  it('count as there when they have been ready for as long as the spec says', () => {
    expect(specOf()).not.toHaveProperty('minReadySeconds');
    expect(specOf(withSpec({ extensions: { rollout: { minReadySeconds: 10 } } })).minReadySeconds).toBe(10);
  });
});

it('a Service named mcp puts no MCP_PORT=tcp://… into the pods of its namespace', () => {
  expect(specOf().template.spec.enableServiceLinks).toBe(false);
});

describe('the container of a server', () => {
  const ours = { PROPAGATE_TLS_ENV_VARS: 'true', TLS_MIN_VERSION: 'VersionTLS13' };

  afterEach(() => {
    for (const name of Object.keys(ours)) Reflect.deleteProperty(process.env, name);
  });

  it('has the variables that its author has written, and none of ours', () => {
    Object.assign(process.env, ours);
    const env = [{ name: 'TLS_MIN_VERSION', value: 'VersionTLS12' }];
    const { template } = specOf(withSpec({ config: { port: 8080, env } })) as unknown as {
      template: { spec: { containers: readonly { env?: unknown }[] } };
    };
    expect(template.spec.containers.map((one) => one.env)).toEqual([env]);
    expect(JSON.stringify(specOf().template)).not.toContain('TLS_');
  });
});
