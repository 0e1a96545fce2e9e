import { applyEach } from '../defaults/apply.ts';
import { resources } from '../defaults/resources.ts';
import type { PreparedServer } from '../engine/judge.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { ObservedChild } from './observed.ts';

/**
 * The server with what its pods have where nobody says it: releases of the reference operator give containers no resources,
 * newer builds do. Under its profile neither is changed, or pods would restart for it.
 */
export function keepResources(
  subject: PreparedServer,
  observed: readonly Pick<ObservedChild, 'hasDefaultResources'>[],
  compatibility: CompatibilityProfile | undefined,
): PreparedServer {
  if (compatibility !== 'reference' || !observed.some(({ hasDefaultResources }) => hasDefaultResources)) return subject;
  return { ...subject, server: applyEach(subject.server, [resources]) };
}
