import { each, type Mutant } from './mutant.ts';

const ids = [-5, -1, 0, 1, 65532, 2147483647, 2147483648, 4294967295, 9007199254740991];

const profiles = (types: readonly string[]) => [
  ...types.map((type) => ({ type })),
  ...['a.json', 'a/b.json', '/a.json', '../a.json', 'a/../b', '..a', '', ' a ', 'a'.repeat(4095), 'a'.repeat(4096)].map(
    (localhostProfile) => ({
      type: 'Localhost',
      localhostProfile,
    }),
  ),
  { type: 'RuntimeDefault', localhostProfile: 'a.json' },
  { type: 'Unconfined', localhostProfile: '' },
];

const seccomp = profiles(['RuntimeDefault', 'Unconfined', 'Localhost', '', 'Default', 'runtimeDefault']);

const selinux = [{}, { level: 's0:c1,c2' }, { level: 'not a level!' }, { user: '', role: '', type: '', level: '' }];

const windows = [
  {},
  { hostProcess: true },
  { hostProcess: false },
  ...['a', 'A', 'a_b', '', 'a.b'].map((gmsaCredentialSpecName) => ({ gmsaCredentialSpecName })),
  ...['{}', '', 'x'.repeat(64 * 1024), 'x'.repeat(64 * 1024 + 1)].map((gmsaCredentialSpec) => ({ gmsaCredentialSpec })),
  ...[
    'ContainerUser',
    '',
    'a\\b',
    'a\\b\\c',
    '\\b',
    'a\\',
    '...',
    ' ',
    '. .',
    'a:b',
    'a@b',
    'a\tb',
    'u'.repeat(104),
    'u'.repeat(105),
  ].map((runAsUserName) => ({ runAsUserName })),
  ...[
    'NT AUTHORITY\\NETWORK SERVICE',
    `${'d'.repeat(15)}\\u`,
    `${'d'.repeat(16)}\\u`,
    `${'d'.repeat(255)}\\u`,
    'd_e\\u',
    '.d\\u',
    'd.e\\u',
  ].map((runAsUserName) => ({ runAsUserName })),
  ...[
    '-d\\u',
    'd..e\\u',
    'a"b',
    'a/b',
    'a;b',
    'a|b',
    'a=b',
    'a,b',
    'a+b',
    'a*b',
    'a?b',
    'a<b',
    'a>b',
    'a[b',
    'a]b',
    'a b',
    'é',
  ].map((runAsUserName) => ({ runAsUserName })),
];

const sysctls = [
  ...[
    'net.ipv4.ip_forward',
    'net/ipv4/ip_forward',
    'kernel.shm_rmid_forced',
    '',
    'A',
    'a..b',
    '.a',
    'a b',
    'a.',
    'a/b.c',
    '_a',
    'a_',
  ].map((name) => [{ name, value: '1' }]),
  [{ name: 'a'.repeat(253), value: '1' }],
  [{ name: 'a'.repeat(254), value: '1' }],
  [{ name: 'kernel.shm_rmid_forced', value: '' }],
  [
    { name: 'kernel.msgmax', value: '1' },
    { name: 'kernel.msgmax', value: '2' },
  ],
  [
    { name: 'kernel.msgmax', value: '1' },
    { name: 'kernel/msgmax', value: '2' },
  ],
];

const capabilities = [
  {},
  { add: [] },
  { add: ['NET_BIND_SERVICE'] },
  { add: ['CAP_SYS_ADMIN'] },
  { add: ['SYS_ADMIN'] },
  { add: ['not a capability!', ''] },
  { drop: ['ALL'], add: ['ALL'] },
];

const pod = 'runtime.security.podSecurityContext';
const container = 'runtime.security.securityContext';

export const security: readonly Mutant[] = [
  ...each('runtime.security', [{}, { podSecurityContext: {} }, { securityContext: {} }]),
  ...each('runtime.security.serviceAccountName', [
    '',
    'a',
    'a.b',
    'A',
    'a_b',
    '-a',
    'a'.repeat(253),
    'a'.repeat(254),
    'a..b',
  ]),
  ...['runAsUser', 'runAsGroup', 'fsGroup'].flatMap((field) => each(`${pod}.${field}`, ids)),
  ...each(`${pod}.supplementalGroups`, [[], ...ids.map((id) => [1, id]), [1, 1]]),
  ...each(`${pod}.supplementalGroupsPolicy`, ['', 'Merge', 'Strict', 'strict', 'None']),
  ...each(`${pod}.fsGroupChangePolicy`, ['', 'Always', 'OnRootMismatch', 'Never', 'always']),
  ...each(`${pod}.seLinuxChangePolicy`, ['', 'Recursive', 'MountOption', 'Never']),
  ...each(`${pod}.seLinuxOptions`, selinux),
  ...each(`${pod}.seccompProfile`, seccomp),
  ...each(`${pod}.appArmorProfile`, seccomp),
  ...each(`${pod}.windowsOptions`, windows),
  ...each(`${pod}.sysctls`, [[], ...sysctls]),
  ...['runAsUser', 'runAsGroup'].flatMap((field) => each(`${container}.${field}`, ids)),
  ...each(`${container}.procMount`, ['', 'Default', 'Unmasked', 'default', 'None']),
  ...each(`${container}.seLinuxOptions`, selinux),
  ...each(`${container}.seccompProfile`, seccomp),
  ...each(`${container}.appArmorProfile`, seccomp),
  ...each(`${container}.windowsOptions`, windows),
  ...each(`${container}.capabilities`, capabilities),
  ...each(`${container}.capabilities`, capabilities, {
    runtime: { security: { securityContext: { allowPrivilegeEscalation: true } } },
  }),
  ...each(container, [
    { privileged: true },
    { privileged: true, allowPrivilegeEscalation: false },
    { privileged: true, allowPrivilegeEscalation: true },
    { runAsNonRoot: true, runAsUser: 0 },
    { runAsNonRoot: false },
    { readOnlyRootFilesystem: false },
  ]),
  ...each('runtime.security', [
    {
      podSecurityContext: { windowsOptions: { hostProcess: false } },
      securityContext: { windowsOptions: { hostProcess: true } },
    },
    {
      podSecurityContext: { windowsOptions: { hostProcess: true } },
      securityContext: { windowsOptions: { hostProcess: false } },
    },
    {
      podSecurityContext: { appArmorProfile: { type: 'RuntimeDefault' } },
      securityContext: { appArmorProfile: { type: 'Unconfined' } },
    },
  ]),
];
