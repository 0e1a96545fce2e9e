import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The version in package.json, and of a clone also its commit as build metadata (https://semver.org/#spec-item-10):
 * `0.1.0+6892620abcde`, `0.1.0+6892620abcde.changed` when tracked files differ from it.
 */
export function readCheckoutVersion(root: string): string {
  const version = readPackageVersion(root);
  const commit = commitOf(root);
  return commit === undefined ? version : `${version}+${commit}`;
}

/** The version in package.json: of the program, the image and the chart. */
export function readPackageVersion(root: string): string {
  // Our own file: npm insists on a version.
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  return manifest.version;
}

function commitOf(root: string): string | undefined {
  // Sources that were unpacked inside another repository are not of its commit.
  if (!existsSync(join(root, '.git'))) return undefined;
  const describe = ['describe', '--always', '--exclude=*', '--abbrev=12', '--dirty=.changed'];
  const { status, stdout } = spawnSync('git', ['-C', root, ...describe], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
