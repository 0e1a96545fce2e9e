import { describe, expect, it } from '@jest/globals';
import { API } from '../mcpserver/api.ts';
import type { OwnerReference } from '../resources/expanded-kind.ts';
import type { Owner } from './ownership.ts';
import { controllerReference, judgeOwnership } from './ownership.ts';
import { aChild } from './testing/a-child.ts';

/** A kind of another group whose objects have the names of MCPServers. */
const above: Owner['of'] = { group: 'example.com', apiVersion: 'example.com/v2', kind: 'MCPServer' };
const owner: Owner = { of: above, name: 'search', uid: 'u-1' };

const controlledBy = (controller: Partial<OwnerReference>) => aChild({ uid: 'u-9', ...controller });

describe('an owner of a kind above MCPServer', () => {
  it('is referred to in its storage version', () => {
    expect(controllerReference(owner)).toEqual({
      ...{ apiVersion: 'example.com/v2', kind: 'MCPServer', name: 'search', uid: 'u-1' },
      ...{ controller: true, blockOwnerDeletion: true },
    });
  });

  it.each<[string, Partial<OwnerReference>, string]>([
    ['what it controls', { uid: 'u-1' }, 'ours'],
    ['what a former one of its name controlled, in any version', { apiVersion: 'example.com/v1' }, 'orphan'],
    ['what a former one of another name controlled', { apiVersion: 'example.com/v2', name: 'other' }, 'foreign'],
    ['what an MCPServer of its name controls', { apiVersion: API.apiVersion }, 'foreign'],
    ['what a group controls that only begins as its own', { apiVersion: 'example.com.evil/v2' }, 'foreign'],
  ])('has %s as its own, or not', (_, controller, type) => {
    expect(judgeOwnership(owner, controlledBy(controller)).type).toBe(type);
  });

  it('says of what kind it is where it cannot have an object', () => {
    const of = { ...above, kind: 'MCPPool' };
    expect(judgeOwnership({ ...owner, of }, controlledBy({}))).toEqual({
      type: 'foreign',
      message: expect.stringMatching(/is owned by MCPServer\/search \(u-9\), cannot be managed by MCPPool$/),
    });
  });
});
