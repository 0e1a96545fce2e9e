package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Nothing here takes nearly as long; a machine that is busy with other things must not decide a test.
const generous = 60 * time.Second

// A running shim.
type shim struct {
	t      *testing.T
	socket string
	cmd    *exec.Cmd
	log    *text
	exited chan struct{}
}

// text is what a process has written so far.
type text struct {
	mutex sync.Mutex
	bytes []byte
}

func (t *text) Write(more []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.bytes = append(t.bytes, more...)
	return len(more), nil
}

func (t *text) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.bytes)
}

type setting func(*launch)

type launch struct {
	program string
	mode    string
	flags   []string
	wrapper []string
	change  func(*exec.Cmd)
	socket  string
}

// With the pauses of earnest.
func unhurried(l *launch) { l.mode = "listen" }

func with(flags ...string) setting { return func(l *launch) { l.flags = append(l.flags, flags...) } }

func changed(change func(*exec.Cmd)) setting { return func(l *launch) { l.change = change } }

// launchShim starts one whose children do `act`, and waits until it listens.
func launchShim(t *testing.T, act []string, settings ...setting) *shim {
	t.Helper()
	return launchCommand(t, append([]string{self(t), "act"}, act...), settings...)
}

func launchCommand(t *testing.T, command []string, settings ...setting) *shim {
	t.Helper()
	s := launchAnyhow(t, command, settings...)
	eventually(t, "the shim listens", func() bool {
		if s.hasExited() {
			t.Fatalf("the shim has exited: %s", s.log)
		}
		conn, err := net.Dial("unix", s.socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return s
}

func launchAnyhow(t *testing.T, command []string, settings ...setting) *shim {
	t.Helper()
	l := launch{program: self(t), mode: "quick", socket: filepath.Join(shortFolder(t), "stdio.sock")}
	for _, set := range settings {
		set(&l)
	}
	args := append([]string{}, l.wrapper...)
	args = append(args, l.program)
	if l.mode == "quick" {
		args = append(args, "quick")
	}
	args = append(args, "listen", "--socket", l.socket)
	args = append(args, l.flags...)
	args = append(append(args, "--"), command...)
	s := &shim{t: t, socket: l.socket, cmd: exec.Command(args[0], args[1:]...), log: &text{}, exited: make(chan struct{})}
	s.cmd.Stderr = s.log
	if l.change != nil {
		l.change(s.cmd)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		if s.hasExited() {
			return
		}
		// Not all of them would end with the shim.
		left := s.descendants()
		_ = s.cmd.Process.Kill()
		<-s.exited
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return s
}

func (s *shim) pid() int { return s.cmd.Process.Pid }

func (s *shim) hasExited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

func (s *shim) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// exitCode waits for the end of the shim.
func (s *shim) exitCode() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(generous):
		s.t.Fatalf("the shim does not exit: %s", s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// wholeLog ends the shim, when nobody is connected, and returns all that it and its children have said.
func (s *shim) wholeLog() string {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	requireEqual(s.t, "exit code", s.exitCode(), 0)
	return s.log.String()
}

// A client's side of a connection.
type client struct {
	*net.UnixConn
	t      *testing.T
	reader *bufio.Reader
}

func (s *shim) dial() *client {
	s.t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: s.socket, Net: "unix"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * generous))
	return &client{conn, s.t, bufio.NewReader(conn)}
}

// open starts a child and returns the connection to it.
func (s *shim) open(label string) (*client, int) {
	s.t.Helper()
	c, a := s.ask(label)
	if !a.OK {
		s.t.Fatalf("no child was started: %+v", a)
	}
	return c, a.Pid
}

func (s *shim) ask(label string) (*client, answer) {
	s.t.Helper()
	c := s.dial()
	c.send(fmt.Sprintf(`{"shim":1,"kind":"child","label":%q}`+"\n", label))
	a := answer{}
	c.receive(&a)
	return c, a
}

func (s *shim) control() *client {
	s.t.Helper()
	c := s.dial()
	c.send(`{"shim":1,"kind":"control"}` + "\n")
	a := answer{}
	c.receive(&a)
	if !a.OK {
		s.t.Fatalf("no control connection: %+v", a)
	}
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) line() string {
	c.t.Helper()
	line, err := c.reader.ReadString('\n')
	if err != nil {
		c.t.Fatalf("no line: %q, %v", line, err)
	}
	return line
}

func (c *client) receive(value any) {
	c.t.Helper()
	line := c.line()
	if err := json.Unmarshal([]byte(line), value); err != nil {
		c.t.Fatalf("%q: %v", line, err)
	}
}

// hasArrived reports whether there is something to read, without waiting for it.
func (c *client) hasArrived() bool {
	c.t.Helper()
	if c.reader.Buffered() > 0 {
		return true
	}
	raw, err := c.SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	size := 0
	_ = raw.Control(func(fd uintptr) {
		size, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return size > 0
}

// rest is everything until the other side closes.
func (c *client) rest() string {
	c.t.Helper()
	text, err := io.ReadAll(c.reader)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func (c *client) endInput() {
	c.t.Helper()
	if err := c.CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// descendants are the processes that somebody below the shim started, zombies too.
func (s *shim) descendants() []int { return descendantsOf(s.pid()) }

func descendantsOf(ancestor int) (found []int) {
	parents := map[int]int{}
	names, _ := os.ReadDir("/proc")
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name.Name() + "/stat")
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		parents[pid], _ = strconv.Atoi(strings.Fields(after)[1])
	}
	for pid := range parents {
		for up := parents[pid]; up > 0; up = parents[up] {
			if up == ancestor {
				found = append(found, pid)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

func (s *shim) descriptors() int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid()))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

// memory reads a line such as `VmHWM:	    3180 kB` of /proc/PID/status; bytes.
func (s *shim) memory(line string) int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "\n"+line+":")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		s.t.Fatalf("no %s", line)
	}
	return number(fields[0]) << 10
}

func eventually(t *testing.T, what string, isTrue func() bool) {
	t.Helper()
	deadline := time.Now().Add(generous)
	for !isTrue() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func isAlive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shortFolder has a path that leaves room for that of a socket.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "shim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func requireEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func requireContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Fatalf("%q does not contain %q", text, part)
		}
	}
}
