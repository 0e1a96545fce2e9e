import type { Report } from './progress.ts';
import type { ClusterSettings } from './settings.ts';
import type { ClusterState } from './state.ts';

/** A part of a cluster as `status` shows it. */
export interface PartStatus {
  readonly name: string;
  readonly pid?: number;
  readonly isHealthy: boolean;
  /** More words, if there is something to say. */
  readonly note?: string;
}

export interface ClusterStatus {
  readonly isUp: boolean;
  readonly parts: readonly PartStatus[];
}

/** A way to have a cluster. `S` is what it remembers between commands. */
export interface Provider<S extends ClusterState> {
  /** Makes the cluster run and waits until it is ready; does little if it is. */
  up(settings: ClusterSettings, before: S | undefined, context: UpContext): Promise<void>;
  /** Removes all that `up` made. */
  down(settings: ClusterSettings, state: S): Promise<void>;
  status(settings: ClusterSettings, state: S, toolsPath: string): Promise<ClusterStatus>;
  /** Makes the image of an archive (OCI or docker-archive) known to the nodes. */
  loadArchive(settings: ClusterSettings, state: S, archive: string): Promise<void>;
  /** The command as it is to be run on this machine so that it runs where the cluster's addresses are reachable. */
  wrapCommand(settings: ClusterSettings, state: S, command: readonly string[]): readonly string[];
}

export interface UpContext {
  readonly toolsPath: string;
  readonly report: Report;
}
