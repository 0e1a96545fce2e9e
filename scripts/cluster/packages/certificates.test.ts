import { describe, expect, it } from '@jest/globals';
import { parseAddressPlan } from '../address-plan.ts';
import { buildCertificateRequests } from './certificates.ts';
import { componentUsers } from './config-files.ts';

const requests = buildCertificateRequests('two', parseAddressPlan('10.50.0.0/16', '10.60.0.0/16'));

describe('certificates', () => {
  it('let the API server be reached over loopback, from pods and by the kubernetes Service', () => {
    const names = requests.find(({ file }) => file === 'apiserver')?.alternativeNames?.split(',');
    expect(names).toEqual(
      expect.arrayContaining(['IP:127.0.0.1', 'IP:10.50.0.1', 'IP:10.60.0.1', 'DNS:kubernetes.default.svc']),
    );
  });

  it('make the kubelet the node that it registers', () => {
    expect(requests.find(({ file }) => file === 'kubelet')?.subject).toBe('/O=system:nodes/CN=system:node:two');
  });

  it('exist for every component that talks to the API server', () => {
    expect(requests.map(({ file }) => file)).toEqual(expect.arrayContaining([...componentUsers]));
  });
});
