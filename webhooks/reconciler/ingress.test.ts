import { afterEach, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const discoveryPath = '/apis/networking.k8s.io/v1';
const ingressPath = `${discoveryPath}/namespaces/mcp/ingresses/search`;

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

it('says the public address once an ingress controller has said that it takes calls, and the other one without an Ingress', async () => {
  const api = createFakeKubeApi();
  api.put(discoveryPath, { kind: 'APIResourceList', resources: [{ name: 'ingresses' }] });
  const spec = {
    source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
    ...{ config: { port: 8080 }, mcp: { stateless: true } },
  };
  const metadata = { name: 'search', namespace: 'mcp' };
  const server = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata };
  api.put(serverPath, { ...server, spec: { ...spec, extensions: { ingress: { host: 'mcp.example.com' } } } });
  const clock = createFakeClock();
  const metrics = createReconcilerMetrics(new Registry());
  const probe = () => Promise.resolve(verified);
  running.push(startLead({ ...{ api, clock, features: ['ingress'], metrics, probe, namespaces: [], version: '1' } }));
  await clock.advance(1_000);
  const inside = 'http://search.mcp.svc.cluster.local:8080/mcp';
  const status = (): unknown => api.get(serverPath)?.['status'];
  const published = (said: string, reason: string): unknown =>
    expect.arrayContaining([expect.objectContaining({ type: 'IngressPublished', status: said, reason })]);
  expect(status()).toMatchObject({
    ...{ address: { url: inside }, extensions: { clusterURL: inside } },
    conditions: published('False', 'IngressPending'),
  });
  api.put(ingressPath, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  await clock.advance(1_000);
  expect(status()).toMatchObject({
    ...{ address: { url: 'http://mcp.example.com/mcp' }, extensions: { clusterURL: inside } },
    conditions: published('True', 'Published'),
  });
  const writes = api.writes.length;
  await clock.advance(300_000);
  expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
  const { metadata: stored } = api.get(serverPath) ?? {};
  const before = status();
  api.remove(serverPath);
  api.put(serverPath, { ...server, metadata: stored, spec, status: before });
  await clock.advance(1_000);
  expect(api.get(ingressPath)).toBeUndefined();
  expect(status()).toMatchObject({ address: { url: inside } });
  expect(JSON.stringify(status())).not.toMatch(/IngressPublished|clusterURL/);
});

it('makes the Ingress anew for another class, and believes no address of the former one', async () => {
  const api = createFakeKubeApi();
  api.put(discoveryPath, { kind: 'APIResourceList', resources: [{ name: 'ingresses' }] });
  const of = (className: string): object => ({
    ...{ source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } }, config: { port: 8080 } },
    ...{ mcp: { stateless: true }, extensions: { ingress: { host: 'mcp.example.com', className } } },
  });
  const server = {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name: 'search', namespace: 'mcp' },
  };
  api.put(serverPath, { ...server, spec: of('nginx') });
  const clock = createFakeClock();
  const metrics = createReconcilerMetrics(new Registry());
  const probe = () => Promise.resolve(verified);
  running.push(startLead({ ...{ api, clock, features: ['ingress'], metrics, probe, namespaces: [], version: '1' } }));
  await clock.advance(1_000);
  api.put(ingressPath, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  await clock.advance(1_000);
  const status = (): unknown => api.get(serverPath)?.['status'];
  expect(status()).toMatchObject({ address: { url: 'http://mcp.example.com/mcp' } });
  api.put(serverPath, { spec: of('traefik') });
  await clock.advance(2_000);
  expect(api.get(ingressPath)).toMatchObject({ spec: { ingressClassName: 'traefik' } });
  expect(api.get(ingressPath)).not.toHaveProperty('status');
  expect(status()).toMatchObject({ address: { url: 'http://search.mcp.svc.cluster.local:8080/mcp' } });
});

it('tells both of two servers with the same host and path, until one of them has another', async () => {
  const api = createFakeKubeApi();
  api.put(discoveryPath, { kind: 'APIResourceList', resources: [{ name: 'ingresses' }] });
  const names = ['search', 'twin'];
  const [servers, ingresses] = [serverPath, ingressPath].map((path) => path.replace(/search$/, ''));
  const at = (path: string): object => ({
    ...{ source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } } },
    ...{ config: { port: 8080, path }, mcp: { stateless: true } },
    extensions: { ingress: { host: 'mcp.example.com' } },
  });
  const server = { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' };
  for (const name of names)
    api.put(`${servers}${name}`, { ...server, metadata: { name, namespace: 'mcp' }, spec: at('/mcp') });
  const clock = createFakeClock();
  const metrics = createReconcilerMetrics(new Registry());
  const probe = () => Promise.resolve(verified);
  running.push(startLead({ ...{ api, clock, features: ['ingress'], metrics, probe, namespaces: [], version: '1' } }));
  await clock.advance(1_000);
  for (const name of names)
    api.put(`${ingresses}${name}`, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  await clock.advance(2_000);
  const said = (name: string): string => JSON.stringify(api.get(`${servers}${name}`)?.['status']);
  expect(said('search')).toContain("MCPServer 'twin' has an Ingress of this class with the same host and path");
  expect(said('twin')).toContain("MCPServer 'search' has an Ingress of this class with the same host and path");
  api.put(`${servers}twin`, { spec: at('/twin') });
  await clock.advance(2_000);
  for (const name of names) expect(said(name)).not.toContain('the same host and path');
});
