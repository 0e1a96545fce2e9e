package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A child is the command, started for one connection.
type child struct {
	label string
	// Also the number of its process group.
	pid  int
	mark uint64
	// Closed when it has exited; others of its group may be left.
	exited chan struct{}
	status syscall.WaitStatus
	// Closed when its exit has been told on every control connection that takes it.
	told chan struct{}
}

// Processes are the children, and whatever descends from them.
//
// A server starts more: `npx` a shell and Node, Node a browser in a session of its own. All of it ends with the connection,
// wherever it went. Its group does not tell, since it may leave that, nor who started it, who may be gone, nor its environment,
// which some write over. So each child has a mark that its descendants inherit and nothing else uses: the soft limit of file
// locks, which Linux has not looked at since 2.4.
type processes struct {
	mutex    sync.Mutex
	children map[int]*child
	// The next child has the next one.
	lastMark uint64
	onExit   func(*child)
}

// somewhere is above any limit that somebody would set, and far from the marks of another shim, whose processes we may see.
func somewhere() uint64 { return 1<<60 | rand.Uint64N(1<<40)<<20 }

func newProcesses(onExit func(*child)) *processes {
	// Orphans come to us also where we are not process 1, in a pod whose containers share their processes.
	const setChildSubreaper = 36
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	return &processes{children: map[int]*child{}, lastMark: somewhere(), onExit: onExit}
}

// start holds the mutex until the command runs, so that nobody waits for a process that is not in the list yet, and so that
// each child has its mark from its first moment.
func (p *processes) start(label, path string, argv []string, attributes *syscall.ProcAttr) (*child, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.lastMark++
	c := &child{label: label, mark: p.lastMark, exited: make(chan struct{}), told: make(chan struct{})}
	unmark := setMark(c.mark)
	pid, err := syscall.ForkExec(path, argv, attributes)
	unmark()
	if err != nil {
		return nil, err
	}
	c.pid = pid
	p.children[pid] = c
	return c, nil
}

const limitOfLocks = 10 // RLIMIT_LOCKS

func setMark(mark uint64) (undo func()) {
	var own syscall.Rlimit
	if syscall.Getrlimit(limitOfLocks, &own) != nil {
		return func() {}
	}
	_ = syscall.Setrlimit(limitOfLocks, &syscall.Rlimit{Cur: mark, Max: own.Max})
	return func() { _ = syscall.Setrlimit(limitOfLocks, &own) }
}

// reap takes note of every process that has exited: children, and orphans that came to us.
func (p *processes) reap() {
	for p.reapOne() {
	}
}

func (p *processes) reapOne() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if c := p.children[pid]; c != nil && !isClosed(c.exited) {
		c.status = status
		close(c.exited)
		p.onExit(c)
	}
	return true
}

// signal reaches everything that is left of a child, and reports whether there was anything. Signal 0 only looks.
func (p *processes) signal(c *child, signal syscall.Signal) (isLeft bool) {
	p.mutex.Lock()
	// A group that is gone may have left its number to another child.
	if p.children[c.pid] == c {
		isLeft = syscall.Kill(-c.pid, signal) != syscall.ESRCH
	}
	p.mutex.Unlock()
	for _, pid := range withMark(c.mark) {
		isLeft = true
		if group, err := syscall.Getpgid(pid); err == nil && group != c.pid {
			_ = syscall.Kill(pid, signal)
		}
	}
	return isLeft
}

// end has nothing left of a child: SIGTERM, and after `patience` SIGKILL. False if something does not die even then.
func (p *processes) end(c *child, patience time.Duration) bool {
	defer p.forget(c)
	return !p.signal(c, syscall.SIGTERM) ||
		p.isGone(c, 0, patience) ||
		p.isGone(c, syscall.SIGKILL, timeToDie)
}

// isGone waits for that, and repeats the signal: more may be started meanwhile.
func (p *processes) isGone(c *child, signal syscall.Signal, within time.Duration) bool {
	const firstPause, longestPause = 5 * time.Millisecond, 100 * time.Millisecond
	deadline := time.Now().Add(within)
	for pause := firstPause; p.signal(c, signal); pause = min(2*pause, longestPause) {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		time.Sleep(min(pause, left))
	}
	return true
}

func (p *processes) forget(c *child) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.children[c.pid] == c {
		delete(p.children, c.pid)
	}
}

// killAll is for the end of the shim, when nobody waits any longer.
func (p *processes) killAll() {
	p.mutex.Lock()
	left := make([]*child, 0, len(p.children))
	for _, c := range p.children {
		left = append(left, c)
	}
	p.mutex.Unlock()
	for _, c := range left {
		p.signal(c, syscall.SIGKILL)
	}
}

// One looks at a time: when a bridge dies, all sessions end at once.
var looking sync.Mutex

// withMark lists the processes that descend from the child with that mark.
func withMark(mark uint64) (pids []int) {
	looking.Lock()
	defer looking.Unlock()
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	for {
		names, err := folder.Readdirnames(100)
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && pid != os.Getpid() && markOf(name) == mark {
				pids = append(pids, pid)
			}
		}
		if err != nil {
			return pids
		}
	}
}

const noMark = 0

// markOf finds the first number in `Max file locks            1152921504606846977  unlimited            locks`.
func markOf(pid string) uint64 {
	fd, err := syscall.Open("/proc/"+pid+"/limits", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return noMark
	}
	defer syscall.Close(fd)
	// Sixteen lines of at most 80 bytes.
	var room [2048]byte
	size, err := syscall.Read(fd, room[:])
	if err != nil {
		return noMark
	}
	_, line, _ := bytes.Cut(room[:size], []byte("\nMax file locks"))
	line = bytes.TrimLeft(line, " ")
	number, _, _ := bytes.Cut(line, []byte(" "))
	mark, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		return noMark
	}
	return mark
}
