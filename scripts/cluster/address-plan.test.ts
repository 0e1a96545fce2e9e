import { describe, expect, it } from '@jest/globals';
import { parseAddressPlan } from './address-plan.ts';

describe('the address plan', () => {
  it('derives every address from two ranges', () => {
    expect(parseAddressPlan('10.244.0.0/16', '10.96.0.0/16')).toEqual({
      podCidr: '10.244.0.0/16',
      serviceCidr: '10.96.0.0/16',
      nodeAddress: '10.244.0.1',
      bridgeAddress: '10.244.0.1/16',
      firstPodAddress: '10.244.0.10',
      apiServiceAddress: '10.96.0.1',
    });
  });

  it('takes addresses above 128.0.0.0', () => {
    expect(parseAddressPlan('192.168.64.0/24', '172.16.0.0/12').nodeAddress).toBe('192.168.64.1');
  });

  it.each([
    ['no range', '10.244.0.0'],
    ['not the first address', '10.244.0.1/16'],
    ['too small for 250 pods', '10.244.0.0/25'],
    ['too large', '10.0.0.0/8'],
    ['not an address', '10.244.0.256/16'],
    ['IPv6', 'fd00::/64'],
  ])('refuses a range that is %s', (_why, podCidr) => {
    expect(() => parseAddressPlan(podCidr, '10.96.0.0/16')).toThrow(/^--pod-cidr .* is not a usable IPv4 range/);
  });

  it.each([
    ['10.96.0.0/16', '10.96.0.0/16'],
    ['10.96.0.0/12', '10.100.0.0/24'],
    ['10.100.0.0/24', '10.96.0.0/12'],
  ])('refuses %s and %s, which overlap', (podCidr, serviceCidr) => {
    expect(() => parseAddressPlan(podCidr, serviceCidr)).toThrow(/overlap/);
  });
});
