import { describe, expect, it } from '@jest/globals';
import { release } from '../../../scripts/quickstart/install.ts';
import { readUserRights } from '../../../scripts/chart/user-roles.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk } from '../../harness/kubectl.ts';
import { useNamespace } from '../../harness/namespace.ts';

const group = 'rbac.authorization.k8s.io';

interface Review {
  readonly spec: { readonly user: string; readonly resourceAttributes: Readonly<Record<string, string>> };
  readonly status: { readonly allowed: boolean };
}

describe('who has nothing but a role of the chart', () => {
  const namespace = useNamespace();
  const userOf = (role: string): string => `${role}@${namespace}`;

  it('may do exactly what the table of the guide says', async () => {
    const { roles, rights } = await readUserRights();
    await apply(namespace, {
      ...{ apiVersion: 'v1', kind: 'List' },
      items: roles.map((role) => ({
        ...{ apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata: { name: role } },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: `${release.name}-${role}` },
        subjects: [{ apiGroup: group, kind: 'User', name: userOf(role) }],
      })),
    });
    const asked = rights.flatMap(({ verbs, group: of, resource, name, roles: allowed }) =>
      verbs.flatMap((verb) =>
        roles.map((role) => {
          const [plural = '', subresource = ''] = resource.split('/');
          const attributes = { namespace, verb, group: of, resource: plural, subresource, name };
          return { user: userOf(role), attributes, allowed: allowed.includes(role) };
        }),
      ),
    );
    const reviews = asked.map(({ user, attributes }) =>
      JSON.stringify({
        ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
        spec: { user, resourceAttributes: attributes },
      }),
    );
    const findWrong = async (): Promise<readonly object[]> => {
      const told = await kubectlOk(['create', '--filename', '-', '--output', 'json'], reviews.join('\n---\n'));
      // kubectl prints what it made one after the other.
      const answers = JSON.parse(`[${told.trim().replaceAll(/\}\s*\n\{/g, '},{')}]`) as readonly Review[];
      expect(answers).toHaveLength(asked.length);
      return asked.flatMap((one, index) => {
        const { spec, status } = answers[index] ?? {};
        return status?.allowed === one.allowed ? [] : [{ ...one, spec, status }];
      });
    };
    // API servers hear of a binding a moment after it is stored.
    await eventually('all may do what the table says', async () => (await findWrong()).length === 0, {
      describe: findWrong,
    });
  });
});
