import { describe, expect, it } from '@jest/globals';
import { parseCgroupHierarchies } from './cgroups.ts';

describe('cgroup hierarchies', () => {
  it('are many on a hybrid machine', () => {
    const mounts = [
      'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
      'cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0',
      'cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0',
      'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
      '',
    ];
    expect(parseCgroupHierarchies(mounts.join('\n'))).toEqual([
      { mountPoint: '/sys/fs/cgroup/cpuset', version: 1 },
      { mountPoint: '/sys/fs/cgroup/systemd', version: 1 },
      { mountPoint: '/sys/fs/cgroup/unified', version: 2 },
    ]);
  });

  it('are one on a machine with v2', () => {
    expect(parseCgroupHierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n')).toEqual([
      { mountPoint: '/sys/fs/cgroup', version: 2 },
    ]);
  });
});
