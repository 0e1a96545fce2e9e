import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { ClaimMount, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ofEmptyDir } from './parts/example-specs.ts';

export const claimsValid: Rule = {
  id: 'claims-valid',
  severity: 'deny',
  stricterIn: 2,
  summary: 'Every mount of a claim must have a path of its own and stay inside its volume.',
  rationale:
    'The mounts go into the Deployment beside those of `config.storage`, and Kubernetes refuses it for two mounts at one ' +
    'path, or for a subPath that is absolute or leaves its volume: the server would be stored and never run.',
  remedy: 'Choose another path.',
  examples: {
    accepts: [
      {
        title: 'two directories of one claim',
        spec: {
          extensions: {
            storage: [
              { claimName: 'search', path: '/index', permissions: 'ReadWrite', subPath: 'index' },
              { claimName: 'search', path: '/models', subPath: 'models/small' },
            ],
          },
        },
        claims: { search: ['ReadWriteMany'] },
      },
    ],
    rejects: [
      {
        title: 'a claim where config.storage has scratch space',
        spec: {
          config: { storage: [{ path: '/data', permissions: 'ReadWrite', source: ofEmptyDir({}) }] },
          extensions: { storage: [{ claimName: 'search', path: '/data' }] },
        },
        claims: { search: ['ReadWriteMany'] },
      },
      {
        title: 'an absolute subPath',
        spec: { extensions: { storage: [{ claimName: 'search', path: '/data', subPath: '/index' }] } },
        claims: { search: ['ReadWriteMany'] },
      },
      {
        title: 'a subPath that leaves the volume',
        spec: { extensions: { storage: [{ claimName: 'search', path: '/data', subPath: '../index' }] } },
        claims: { search: ['ReadWriteMany'] },
      },
    ],
  },
  check({ server: { spec } }) {
    const { storage } = spec.extensions ?? {};
    if (storage === undefined) return none;
    return each(storage, claims, (mount, place) =>
      join(checkPath(mount, place, spec.config.storage ?? []), checkSubPath(mount, place)),
    );
  },
};

const claims = placeOf('spec', 'extensions', 'storage');

function checkPath({ path }: ClaimMount, place: Place, others: readonly StorageMount[]): readonly Violation[] {
  const index = others.findIndex((other) => other.path === path);
  if (index < 0) return none;
  const headline = 'another mount has the same path';
  return [
    {
      path: pathTo(place, 'path'),
      headline,
      detail: `found '${path}' in spec.config.storage[${index}] too`,
      cause: ['same'],
    },
  ];
}

function checkSubPath({ subPath = '' }: ClaimMount, place: Place): readonly Violation[] {
  const problem = findProblem(subPath);
  if (problem === undefined) return none;
  const remedy = 'Use a path relative to the volume, without .. in it.';
  return [{ path: pathTo(place, 'subPath'), headline: problem, detail: `found '${subPath}'`, remedy }];
}

function findProblem(subPath: string): string | undefined {
  if (subPath.startsWith('/')) return 'the subPath is absolute';
  return subPath.split('/').includes('..') ? 'the subPath leaves its volume' : undefined;
}
