import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anInstallation } from '../../testing/an-installation.ts';
import { anMCPServer, withSpec } from '../../testing/builders.ts';
import { generatedServers } from '../../testing/generated-servers.ts';
import { compact } from '../compact.ts';
import { podContainers } from './containers.ts';
import { buildPodTemplate } from './pod-template.ts';
import { aSecondContainer } from './testing/a-second-container.ts';

const storage = [{ path: '/tmp', source: { type: 'EmptyDir' as const, emptyDir: {} } }];
const server = anMCPServer(withSpec({ config: { storage } }));

describe('the template of pods', () => {
  it('has every container with its volumes beside the server itself', () => {
    const template = buildPodTemplate({ server }, [...podContainers, aSecondContainer()]);
    expect(template).toMatchObject({
      spec: {
        containers: [
          { name: 'mcp-server', image: 'ghcr.io/example/search:1.4.0' },
          { name: 'second', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
        ],
        volumes: [{ name: 'vol-0' }, { name: 'second' }],
      },
    });
    expect(template).not.toHaveProperty('spec.initContainers');
  });

  it('has init containers in their own list, in order', () => {
    const first = aSecondContainer({ name: 'first', list: 'initContainers', volumes: () => [] });
    const template = buildPodTemplate({ server }, [
      first,
      ...podContainers,
      aSecondContainer({ list: 'initContainers' }),
    ]);
    expect(template).toMatchObject({
      spec: { initContainers: [{ name: 'first' }, { name: 'second' }], containers: [{ name: 'mcp-server' }] },
    });
  });

  it('has no container that this server does not need, nor its volumes', () => {
    const unneeded = aSecondContainer({ isOf: () => false });
    expect(buildPodTemplate({ server }, [...podContainers, unneeded])).toEqual(buildPodTemplate({ server }));
  });

  it('can run our own image and know the domain of the cluster', () => {
    const installation = anInstallation({
      image: 'registry.example.com/ours@sha256:1',
      clusterDomain: 'example.local',
    });
    expect(buildPodTemplate({ server, installation }, [aSecondContainer()])).toHaveProperty(
      'spec.containers.0',
      expect.objectContaining({
        image: 'registry.example.com/ours@sha256:1',
        env: [{ name: 'DOMAIN', value: 'example.local' }],
      }),
    );
  });

  it('gives each container the security context and the probes that rules judge of it', () => {
    fc.assert(
      fc.property(generatedServers, (generated) => {
        const [container] = podContainers;
        const judged = {
          securityContext: container?.securityContext.of(generated),
          ...container?.health.of(generated),
        };
        expect(judged.securityContext).toBe(generated.spec.runtime?.security?.securityContext);
        const built = buildPodTemplate({ server: generated });
        expect(built).toHaveProperty('spec.containers.0', expect.objectContaining(compact(judged)));
      }),
      { numRuns: 200 },
    );
  });
});
