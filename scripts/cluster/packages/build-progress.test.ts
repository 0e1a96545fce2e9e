import { expect, it } from '@jest/globals';
import { followBuild } from './build-progress.ts';

it('a build tells how many packages of how many it has reached, whatever pieces its output comes in', () => {
  const progress = followBuild();
  expect(progress.howFar()).toBeUndefined();
  progress.read('go: downloading k8s.io/api v0.35.4\ngo: downlo');
  progress.read('ading golang.org/x/net v0.50.0\n');
  expect(progress.howFar()).toBe('2 modules downloaded');
  progress.expect(1_200);
  expect(progress.howFar()).toBe('0 of 1,200 packages');
  progress.read('internal/goos\ngo: downloading a/b v1\nk8s.io/api/co');
  expect(progress.howFar()).toBe('1 of 1,200 packages');
  progress.read('re/v1\n# k8s.io/broken\n./x.go:3:1: syntax error\n');
  expect(progress.howFar()).toBe('2 of 1,200 packages');
});

it('a build whose last package has begun links its programs', () => {
  const progress = followBuild();
  progress.expect(1);
  progress.read('mcp-lifecycle/pause\n');
  expect(progress.howFar()).toBe('linking');
});
