import { describe, expect, it } from '@jest/globals';
import { resolveSettings } from './settings.ts';

describe('settings', () => {
  it('keep state and cache below the home directory', () => {
    expect(resolveSettings({}, { HOME: '/home/ada' })).toMatchObject({
      name: 'local',
      directory: '/home/ada/.local/state/mcp-lifecycle/local',
      cache: '/home/ada/.cache/mcp-lifecycle',
    });
  });

  it('follow the XDG variables', () => {
    expect(resolveSettings({ name: 'two' }, { XDG_STATE_HOME: '/s', XDG_CACHE_HOME: '/c' })).toMatchObject({
      directory: '/s/mcp-lifecycle/two',
      cache: '/c/mcp-lifecycle',
    });
  });

  it('take the name from the environment where none is given, so that a whole run of tests has a cluster of its own', () => {
    const environment = { HOME: '/home/ada', MCP_LIFECYCLE_CLUSTER: 'two' };
    expect(resolveSettings({}, environment)).toMatchObject({
      name: 'two',
      directory: '/home/ada/.local/state/mcp-lifecycle/two',
    });
    expect(resolveSettings({ name: 'three' }, environment).name).toBe('three');
    expect(() => resolveSettings({}, { MCP_LIFECYCLE_CLUSTER: '../x' })).toThrow(/cannot be a cluster's name/);
  });

  it('give each cluster its own directory below --state', () => {
    expect(resolveSettings({ name: 'two', state: '/data' }, {}).directory).toBe('/data/two');
  });

  it.each(['', 'Two', 'a b', '-a', '../x', 'a'.repeat(41)])('refuse the name "%s"', (name) => {
    expect(() => resolveSettings({ name }, {})).toThrow(/cannot be a cluster's name/);
  });

  it('refuse a context without its file', () => {
    expect(() => resolveSettings({ context: 'prod' }, {})).toThrow(/--kubeconfig/);
  });
});
