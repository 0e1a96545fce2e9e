import type { ReferenceFacts } from '../engine/facts.ts';
import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { ClaimMount, MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isWritten, writesToClaim } from '../resources/pod/claims.ts';

const readWriteIndex = {
  extensions: { storage: [{ claimName: 'search-index', path: '/index', permissions: 'ReadWrite' }] },
};

export const claimShareable: Rule = {
  id: 'claim-shareable',
  severity: 'warn',
  stricterIn: 2,
  summary: 'As many pods as the server has should be able to mount its claims, and to write where they want to.',
  rationale:
    'A claim of access mode ReadWriteOnce is for the pods of one node, one of ReadWriteOncePod for one pod, and into one of ' +
    'ReadOnlyMany nobody writes. Kubernetes takes any Deployment all the same: of several replicas those that the volume is ' +
    'not for wait for ever, and in a roll-out the new pod waits for the volume of the old one, which goes only when the new ' +
    'one is ready, unless one of them writes to a claim: then the old one is told to go first. Access modes are looked up, so nothing is found where the claim could not be read, or does not ' +
    'exist yet.',
  remedy: 'Use one replica, or a claim that many nodes can mount at once.',
  examples: {
    accepts: [
      {
        title: 'one replica with a volume of its own',
        spec: readWriteIndex,
        claims: { 'search-index': ['ReadWriteOnce'] },
      },
      {
        title: 'three replicas that share a volume',
        spec: { ...readWriteIndex, runtime: { replicas: 3 }, mcp: { stateless: true } },
        claims: { 'search-index': ['ReadWriteMany'] },
      },
      {
        title: 'three replicas that read a volume which one node may write',
        spec: {
          ...{ extensions: { storage: [{ claimName: 'search-index', path: '/index' }] } },
          ...{ runtime: { replicas: 3 }, mcp: { stateless: true } },
        },
        claims: { 'search-index': ['ReadWriteOnce', 'ReadOnlyMany'] },
      },
    ],
    rejects: [
      {
        title: 'a volume for one pod that is only read',
        spec: { extensions: { storage: [{ claimName: 'search-index', path: '/index' }] } },
        claims: { 'search-index': ['ReadWriteOncePod'] },
      },
      {
        title: 'three replicas and a volume for one node',
        spec: { ...readWriteIndex, runtime: { replicas: 3 }, mcp: { stateless: true } },
        claims: { 'search-index': ['ReadWriteOnce'] },
      },
      {
        title: 'two replicas and a volume for one pod',
        spec: { ...readWriteIndex, runtime: { replicas: 2 }, mcp: { stateless: true } },
        claims: { 'search-index': ['ReadWriteOncePod'] },
      },
      {
        title: 'three replicas that write into a volume for one node, which many may read',
        spec: { ...readWriteIndex, runtime: { replicas: 3 }, mcp: { stateless: true } },
        claims: { 'search-index': ['ReadWriteOnce', 'ReadOnlyMany'] },
      },
      { title: 'a volume that nobody writes into', spec: readWriteIndex, claims: { 'search-index': ['ReadOnlyMany'] } },
    ],
  },
  check({ server, facts }) {
    const { storage } = server.spec.extensions ?? {};
    if (storage === undefined) return none;
    return each(storage, claims, (mount, place) => {
      const modes = modesOf(mount, facts);
      if (modes === undefined) return none;
      return join(
        checkWriting(mount, modes, place),
        checkReplicas(server, mount, modes, place),
        checkRollOut(server, modes, place),
      );
    });
  },
};

const claims = placeOf('spec', 'extensions', 'storage');

type Modes = readonly string[];

/** Undefined where nobody knows. */
function modesOf({ claimName }: ClaimMount, facts: ReferenceFacts): Modes | undefined {
  const found = facts.lookUp('PersistentVolumeClaim', claimName);
  const modes = found.state === 'found' ? found.accessModes : undefined;
  return modes === undefined || modes.length === 0 ? undefined : modes;
}

function checkWriting(mount: ClaimMount, modes: Modes, place: Place): readonly Violation[] {
  if (!isWritten(mount) || modes.some((mode) => mode !== 'ReadOnlyMany')) return none;
  return [
    {
      path: pathTo(place, 'permissions'),
      headline: 'nobody can write into this claim',
      detail: `found ReadWrite, and a claim of ${modes.join(', ')}`,
      remedy: 'Use permissions: ReadOnly, or another claim.',
    },
  ];
}

function checkReplicas({ spec }: MCPServer, mount: ClaimMount, modes: Modes, place: Place): readonly Violation[] {
  const replicas = spec.runtime?.replicas ?? 1;
  if (replicas <= 1 || modes.includes('ReadWriteMany')) return none;
  // Who may only read is told by checkWriting where all of its modes are so.
  const canRead = modes.includes('ReadOnlyMany');
  if (canRead && (!isWritten(mount) || modes.every((mode) => mode === 'ReadOnlyMany'))) return none;
  const isForOnePod = modes.includes('ReadWriteOncePod') && !modes.includes('ReadWriteOnce');
  const path = pathTo(place, 'claimName');
  return [
    {
      path,
      headline: `only ${isForOnePod ? 'one pod' : 'the pods of one node'} can ${canRead ? 'write into' : 'mount'} this claim`,
      detail: `found ${replicas} replicas, and a claim of ${modes.join(', ')}`,
      cause: [replicas, ...modes],
    },
  ];
}

/** Several replicas are worse off anyway. */
function checkRollOut(server: MCPServer, modes: Modes, place: Place): readonly Violation[] {
  const replicas = server.spec.runtime?.replicas ?? 1;
  if (replicas > 1 || writesToClaim(server) || modes.some((mode) => mode !== 'ReadWriteOncePod')) return none;
  return [
    {
      path: pathTo(place, 'claimName'),
      headline: 'no roll-out gets past a claim for one pod that is only read',
      detail: `found a claim of ${modes.join(', ')}`,
      cause: ['roll-out'],
      remedy:
        'Use permissions: ReadWrite, with which the old pod is told to go first, or a claim of another access mode.',
    },
  ];
}
