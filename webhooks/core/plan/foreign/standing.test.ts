import { describe, expect, it } from '@jest/globals';
import { applyDefaults } from '../../defaults/apply.ts';
import { deployment } from '../../resources/deployment.ts';
import { networkPolicy } from '../../resources/network-policy.ts';
import { service } from '../../resources/service.ts';
import { anMCPServer, withSpec, withUid } from '../../testing/builders.ts';
import type { Action } from '../action.ts';
import { asObserved } from '../testing/as-observed.ts';
import { mentionStanding, renderStanding, standingFields } from './standing.ts';
import { replaceAt } from './testing/mutations.ts';
import { weaknessesOf } from './weaknesses.ts';

const nothingElse = { putOff: [], failed: [] };
const cleaning = (of: typeof deployment): Action => ({
  ...{ type: 'apply', of, uid: 'u', cause: 'foreign' },
  object: { apiVersion: of.apiVersion, kind: of.kind, metadata: { name: 'search', namespace: 'mcp' } },
});

type Fields = Readonly<Record<string, unknown>>;

const server = applyDefaults(anMCPServer(withUid('u-1')));
const desired = deployment.build({ server });
const [wanted] = desired;
const pod = ['spec', 'template', 'spec'];
const container = [...pod, 'containers', { name: 'mcp-server' }];
const withValue = (path: readonly (string | Fields)[], value: unknown): unknown => replaceAt(wanted, path, () => value);

describe('what mutating admission wrote with our own request, which nobody owns', () => {
  const standing = (live: unknown) => {
    const weaknesses = weaknessesOf(live);
    const child = asObserved(wanted ?? { apiVersion: '', kind: '', metadata: { name: '', namespace: '' } }, {
      weaknesses,
    });
    return (
      standingFields({ ...nothingElse, children: [child], desired })?.fields.map(
        ({ path, state }) => `${path} ${state}`,
      ) ?? []
    );
  };

  it.each<[string, readonly (string | Fields)[], unknown]>([
    ['spec.template.spec.hostNetwork', [...pod, 'hostNetwork'], true],
    ['spec.template.spec.hostPID', [...pod, 'hostPID'], true],
    ['spec.template.spec.hostIPC', [...pod, 'hostIPC'], true],
    ['spec.template.spec.shareProcessNamespace', [...pod, 'shareProcessNamespace'], true],
    ['spec.template.spec.hostAliases', [...pod, 'hostAliases'], [{ ip: '10.0.0.1' }]],
    ['spec.template.spec.dnsConfig', [...pod, 'dnsConfig'], { nameservers: ['10.0.0.1'] }],
    ['spec.template.spec.automountServiceAccountToken', [...pod, 'automountServiceAccountToken'], true],
    ['spec.template.spec.serviceAccountName: admin', [...pod, 'serviceAccountName'], 'admin'],
    [
      'spec.template.spec.securityContext.sysctls',
      [...pod, 'securityContext'],
      { sysctls: [{ name: 'x', value: '1' }] },
    ],
    ['spec.template.spec.securityContext.runAsUser', [...pod, 'securityContext'], { runAsUser: 0 }],
    ['spec.template.spec.volumes[etc]', [...pod, 'volumes'], [{ name: 'etc', hostPath: { path: '/etc' } }]],
    ...(
      [
        ['command', 'command', ['sh']],
        ['lifecycle', 'lifecycle', { postStart: { exec: { command: ['sh'] } } }],
        ['lifecycle', 'lifecycle', { preStop: { exec: { command: ['sh'] } } }],
        ['volumeDevices', 'volumeDevices', [{ name: 'x', devicePath: '/dev/x' }]],
        ['ports[8080/TCP].hostPort', 'ports', [{ name: 'mcp', containerPort: 8080, hostPort: 8080 }]],
      ] as const
    ).map(([path, field, value]): [string, readonly (string | Fields)[], unknown] => [
      `spec.template.spec.containers[mcp-server].${path}`,
      [...container, field],
      value,
    ]),
    ...(
      [
        ['privileged', 'privileged', true],
        ['allowPrivilegeEscalation', 'allowPrivilegeEscalation', undefined],
        ['readOnlyRootFilesystem', 'readOnlyRootFilesystem', false],
        ['procMount', 'procMount', 'Unmasked'],
        ['capabilities.add', 'capabilities', { add: ['NET_ADMIN'], drop: ['ALL'] }],
        ['capabilities.drop', 'capabilities', { drop: ['KILL'] }],
        ['runAsUser', 'runAsUser', 0],
        ['runAsNonRoot', 'runAsNonRoot', false],
        ['seccompProfile', 'seccompProfile', { type: 'Unconfined' }],
        ['appArmorProfile', 'appArmorProfile', { type: 'Unconfined' }],
        ['windowsOptions.hostProcess', 'windowsOptions', { hostProcess: true }],
      ] as const
    ).map(([path, field, value]): [string, readonly (string | Fields)[], unknown] => [
      `spec.template.spec.containers[mcp-server].securityContext.${path}`,
      [...container, 'securityContext', field],
      value,
    ]),
  ])('is named where it weakens the pod: %s', (path, at, value) => {
    expect(standing(withValue(at, value))).toEqual([`${path} FromAdmission`]);
  });

  it.each<[string, readonly (string | Fields)[], unknown]>([
    ['a variable', [...container, 'env'], [{ name: 'PROXY', value: 'x' }]],
    ['an image from a mirror', [...container, 'image'], 'mirror.example.com/x:1'],
    ['a volume without a way to the node', [...pod, 'volumes'], [{ name: 'ca', configMap: { name: 'ca' } }]],
    ['a node selector', [...pod, 'nodeSelector'], { disk: 'ssd' }],
    ['nothing', [...pod, 'hostNetwork'], undefined],
    ['nonsense', [...container, 'securityContext'], undefined],
  ])('is not named otherwise: %s', (what, at, value) => {
    const found = standing(withValue(at, value));
    expect(found.filter((path) => !/allowPrivilegeEscalation|readOnlyRoot|drop/.test(path))).toEqual([]);
    expect(found.length > 0).toBe(what === 'nonsense');
  });

  it('is not what the spec itself wants', () => {
    const open = applyDefaults(
      anMCPServer(
        withUid('u-1'),
        withSpec({
          runtime: { security: { securityContext: { readOnlyRootFilesystem: false }, serviceAccountName: 'a' } },
        }),
      ),
    );
    const [applied] = deployment.build({ server: open });
    const weaknesses = weaknessesOf(applied);
    expect(weaknesses).not.toEqual([]);
    const child = asObserved(
      applied ?? desired[0] ?? { apiVersion: '', kind: '', metadata: { name: '', namespace: '' } },
      { weaknesses },
    );
    expect(
      standingFields({ ...nothingElse, children: [child], desired: applied === undefined ? [] : [applied] }),
    ).toBeUndefined();
  });
});

describe('a privileged container that somebody added, of which nobody was told', () => {
  const sidecar = { name: 'proxy', image: 'example.com/proxy:1' };
  const standing = (list: 'containers' | 'initContainers', added: object) => {
    const live = replaceAt(wanted, [...pod, list], (before) => [
      ...(Array.isArray(before) ? (before as readonly unknown[]) : []),
      { ...sidecar, ...added },
    ]);
    const weaknesses = weaknessesOf(live).map((weak) => ({ ...weak, manager: 'kubectl-edit' }));
    const child = asObserved(wanted ?? { apiVersion: '', kind: '', metadata: { name: '', namespace: '' } }, {
      weaknesses,
    });
    return standingFields({ ...nothingElse, children: [child], desired })?.fields ?? [];
  };
  const privileged = { securityContext: { privileged: true } };

  it.each(['containers', 'initContainers'] as const)('is told with who wrote it, among the %s', (list) => {
    expect(standing(list, privileged)).toEqual([
      {
        ...{ kind: 'Deployment', path: `spec.template.spec.${list}[proxy].securityContext.privileged` },
        ...{ manager: 'kubectl-edit', state: 'Stays' },
      },
    ]);
  });

  it.each<[string, object, string]>([
    ['capabilities', { capabilities: { add: ['NET_ADMIN'] } }, 'capabilities.add'],
    ['escalation', { allowPrivilegeEscalation: true }, 'allowPrivilegeEscalation'],
    ['procMount', { procMount: 'Unmasked' }, 'procMount'],
    ['root', { runAsUser: 0 }, 'runAsUser'],
    ['seccomp', { seccompProfile: { type: 'Unconfined' } }, 'seccompProfile'],
  ])('is told of %s', (_, securityContext, field) => {
    expect(standing('containers', { securityContext }).map(({ path }) => path)).toEqual([
      `spec.template.spec.containers[proxy].securityContext.${field}`,
    ]);
  });

  it('is told of a port of the node', () => {
    const ports = [{ containerPort: 9000, hostPort: 9000 }];
    expect(standing('containers', { ports }).map(({ path }) => path)).toEqual([
      'spec.template.spec.containers[proxy].ports[9000/TCP].hostPort',
    ]);
  });

  it.each<[string, object]>([
    ['leaves its privileges to its image and the pod', {}],
    ['may bind low ports', { securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } }],
    ['has a port and a hook of its own', { ports: [{ containerPort: 9000 }], lifecycle: {}, command: ['x'] }],
  ])('is no news when it %s', (_, added) => {
    expect(standing('containers', added)).toEqual([]);
  });
});

describe('what others own', () => {
  const fields = Array.from({ length: 10 }, (_, index) => ({ path: `spec.x${index}`, manager: 'kubectl-edit' }));
  const children = ['Deployment', 'Service', 'NetworkPolicy'].map((kind) => ({
    ...{ apiVersion: 'v1', kind, name: 'search', uid: kind, resourceVersion: '1', isDeleting: false },
    foreign: { fields, more: 5, isTakeOver: false },
  }));

  it('is no news while it is taken away at once', () => {
    expect(standingFields({ ...nothingElse, children, desired: [] })).toBeUndefined();
  });

  const putOff = [deployment, service, networkPolicy].map(
    (of) => ({ action: cleaning(of), state: 'ComesBack' }) as const,
  );

  it('is listed while that is put off, with a limit, and mentioned by number', () => {
    const standing = standingFields({ ...nothingElse, children, desired: [], putOff });
    expect(standing?.fields).toHaveLength(20);
    expect(standing?.fields[0]).toEqual({
      ...{ kind: 'Deployment', path: 'spec.x0', manager: 'kubectl-edit', state: 'ComesBack' },
    });
    expect(standing?.notListed).toBe(25);
    expect(mentionStanding(standing)).toBe(
      '; 45 fields that others wrote stand in what runs, see status.extensions.foreign',
    );
    expect(renderStanding(standing ?? { fields: [] }).length).toBeLessThanOrEqual(900);
  });

  it('waits in one child and comes back in another: each says its own', () => {
    const [first, second] = children;
    const of = [
      { action: cleaning(deployment), state: 'Waiting' } as const,
      { action: cleaning(service), state: 'ComesBack' } as const,
    ];
    const few = [first, second].flatMap((child) =>
      child === undefined ? [] : { ...child, foreign: { ...child.foreign, fields: child.foreign.fields.slice(0, 1) } },
    );
    const standing = standingFields({ ...nothingElse, children: few, desired: [], putOff: of });
    expect(standing?.fields.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      ...['Deployment Waiting', 'Service ComesBack'],
    ]);
  });
});

describe('what a person wrote and admission did not', () => {
  const at = ['f:spec', 'f:template', 'f:spec', 'f:hostNetwork'];
  const children = [
    asObserved(wanted ?? { apiVersion: '', kind: '', metadata: { name: '', namespace: '' } }, {
      weaknesses: [{ path: 'spec.template.spec.hostNetwork', at }],
    }),
  ];
  const action: Action = { ...cleaning(deployment), drift: { lost: [], extra: [at] } } as Action;

  it('is not laid to a webhook when it was claimed and the apply that should have removed it failed', () => {
    expect(standingFields({ children, desired, putOff: [], failed: [action] })).toBeUndefined();
    expect(standingFields({ children, desired, putOff: [], failed: [] })?.fields).toHaveLength(1);
  });

  it('is told once while it is put off', () => {
    const standing = standingFields({ children, desired, putOff: [{ action, state: 'Waiting' }], failed: [] });
    expect(standing?.fields).toEqual([
      { kind: 'Deployment', path: 'spec.template.spec.hostNetwork', state: 'Waiting' },
    ]);
  });
});
