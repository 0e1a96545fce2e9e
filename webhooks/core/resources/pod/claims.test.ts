import { expect, it } from '@jest/globals';
import { anMCPServer, withRawSpec } from '../../testing/builders.ts';
import { deployment } from '../deployment.ts';
import { claimMounts, claimVolumes, writesToClaim } from './claims.ts';
import { buildPodTemplate } from './pod-template.ts';

const withStorage = (...storage: readonly object[]) => anMCPServer(withRawSpec({ extensions: { storage } }));

it('a claim that is mounted twice is one volume, which a kubelet would otherwise wait for without end, and read-only only in its mounts: fsGroup and subPath need that', () => {
  const server = withStorage(
    { claimName: 'models', path: '/models' },
    { claimName: 'search', path: '/index', permissions: 'ReadWrite', subPath: 'index' },
    { claimName: 'search', path: '/old', permissions: 'RecursiveReadOnly', subPath: 'old' },
  );
  expect(claimVolumes(server)).toEqual([
    { name: 'vol-claim-0', persistentVolumeClaim: { claimName: 'models' } },
    { name: 'vol-claim-1', persistentVolumeClaim: { claimName: 'search' } },
  ]);
  expect(claimMounts(server)).toEqual([
    { name: 'vol-claim-0', mountPath: '/models', readOnly: true },
    { name: 'vol-claim-1', mountPath: '/index', subPath: 'index' },
    { name: 'vol-claim-1', mountPath: '/old', subPath: 'old', readOnly: true, recursiveReadOnly: 'Enabled' },
  ]);
});

it('claims are mounted beside config.storage, under names of their own', () => {
  const server = anMCPServer(
    withRawSpec({
      config: { storage: [{ path: '/tmp', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: {} } }] },
      extensions: { storage: [{ claimName: 'search', path: '/index' }] },
    }),
  );
  expect(buildPodTemplate({ server })).toMatchObject({
    spec: {
      containers: [
        {
          volumeMounts: [
            { name: 'vol-0', mountPath: '/tmp' },
            { name: 'vol-claim-0', mountPath: '/index' },
          ],
        },
      ],
      volumes: [{ name: 'vol-0' }, { name: 'vol-claim-0' }],
    },
  });
});

it.each([
  [false, undefined],
  [false, 'RecursiveReadOnly'],
  [true, 'ReadWrite'],
])('a server writes to a claim: %s, with permissions %s', (writes, permissions) => {
  expect(writesToClaim(withStorage({ claimName: 'a', path: '/a', ...(permissions && { permissions }) }))).toBe(writes);
});

it('a server without claims writes to none', () => {
  expect(writesToClaim(anMCPServer())).toBe(false);
});

it('the old pod has gone before the new one comes where both would write to one volume', () => {
  const strategyOf = (permissions: string): unknown =>
    deployment.build({ server: withStorage({ claimName: 'a', path: '/a', permissions }) })[0]?.['spec'];
  expect(strategyOf('ReadWrite')).toHaveProperty('strategy', { type: 'Recreate' });
  expect(strategyOf('ReadOnly')).toHaveProperty('strategy.type', 'RollingUpdate');
});
