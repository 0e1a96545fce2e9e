import { describe, expect, it } from '@jest/globals';
import { render, type Manifest } from './render.ts';
import { readUserRights, type UserRight } from './user-roles.ts';

const isForPeople = ({ metadata }: Manifest): boolean =>
  metadata.labels?.['app.kubernetes.io/component'] === 'user-role';

function isAggregated({ metadata }: Manifest): boolean {
  return Object.keys(metadata.labels ?? {}).some((label) =>
    label.startsWith('rbac.authorization.k8s.io/aggregate-to-'),
  );
}

async function rolesWith(...args: readonly string[]): Promise<readonly Manifest[]> {
  return (await render(...args)).filter(isForPeople);
}

const namesOf = (roles: readonly Manifest[]): readonly string[] => roles.map(({ metadata }) => metadata.name);
const all = ['view', 'edit', 'policy-admin', 'status-reader'].map((role) => `mcp-lifecycle-${role}`);

describe('the roles for people', () => {
  it('may do what the table of the guide says, and nothing that it denies', async () => {
    const { roles, rights } = await readUserRights();
    expect(roles.map((role) => `mcp-lifecycle-${role}`)).toEqual(all);
    expect(rights.length).toBeGreaterThan(8);
    const rendered = await rolesWith();
    const mayDo = (role: string, verb: string, { group, resource, name }: UserRight): boolean =>
      rendered
        .filter(({ metadata }) => metadata.name === `mcp-lifecycle-${role}`)
        .flatMap(({ rules = [] }) => rules)
        .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
        .some(({ verbs, resourceNames = [name] }) => verbs.includes(verb) && resourceNames.includes(name));
    for (const right of rights) {
      for (const verb of right.verbs) {
        const may = roles.filter((role) => mayDo(role, verb, right));
        expect([verb, right.resource, may]).toEqual([verb, right.resource, right.roles]);
      }
    }
  });

  it('may do nothing that the table does not name', async () => {
    const { rights } = await readUserRights();
    const inTable = rights.flatMap(({ verbs, group, resource }) => verbs.map((verb) => `${verb} ${group}/${resource}`));
    const rules = (await rolesWith()).flatMap(({ rules: of = [] }) => of);
    const given = rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((of) => verbs.map((verb) => `${verb} ${group}/${of}`))),
    );
    expect([...new Set(given)].filter((right) => !inTable.includes(right))).toEqual([]);
  });

  it('add to the default roles of Kubernetes unless told otherwise, and may be left out', async () => {
    expect(namesOf(await rolesWith())).toEqual(all);
    expect(namesOf((await rolesWith()).filter(isAggregated))).toEqual(['mcp-lifecycle-view', 'mcp-lifecycle-edit']);
    const apart = await rolesWith('--set', 'rbac.aggregateToDefaultRoles=false');
    expect(namesOf(apart)).toEqual(all);
    expect(apart.filter(isAggregated)).toEqual([]);
    expect(await rolesWith('--set', 'rbac.userRoles=false')).toEqual([]);
  });

  it('reach the policy that is in force, by its name', async () => {
    const nameWith = async (...args: readonly string[]): Promise<unknown> => {
      const role = (await rolesWith(...args)).find(({ metadata }) => metadata.name.endsWith('-policy-admin'));
      return role?.rules?.[0]?.resourceNames;
    };
    expect(await nameWith()).toEqual(['mcp-lifecycle-policy']);
    expect(await nameWith('--set', 'policyConfigMap.name=ours')).toEqual(['ours']);
  });

  it('reach the kinds above MCPServer where they are switched on', async () => {
    const roles = await rolesWith('--set', 'v2dy.enabled=true,v2dy.pools.enabled=true');
    const ofPools = roles.filter(({ rules = [] }) => rules.some(({ resources }) => resources.includes('mcppools')));
    expect(namesOf(ofPools)).toEqual(all.filter((name) => !name.endsWith('policy-admin')));
  });
});
