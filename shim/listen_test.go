package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAChildIsTheCommandAsItIsGiven(t *testing.T) {
	cwd := shortFolder(t)
	args := []string{"$HOME", "a b", "*", "--", "", "ä\"'"}
	s := launchShim(t, append([]string{"tell"}, args...), with("--cwd", cwd), changed(func(cmd *exec.Cmd) {
		cmd.Env = []string{"TOKEN=secret", "GOGC=off", "PATH=/x"}
	}))
	c, pid := s.open("0123abcd")
	said := told{}
	c.receive(&said)
	requireEqual(t, "name", said.Name, self(t))
	if !slices.Equal(said.Args, args) {
		t.Errorf("arguments: got %q, want %q", said.Args, args)
	}
	if want := []string{"TOKEN=secret", "GOGC=off", "PATH=/x"}; !slices.Equal(said.Env, want) {
		t.Errorf("environment: got %q, want %q", said.Env, want)
	}
	real, _ := filepath.EvalSymlinks(cwd)
	requireEqual(t, "working directory", said.Cwd, real)
	requireEqual(t, "pid", said.Pid, pid)
	requireEqual(t, "process group", said.Group, pid)
	// What whoever runs the tests has left open is not of the shim.
	inherited := descriptors("self")
	for number, target := range said.Descriptors {
		if slices.Contains([]string{"0", "1", "2"}, number) {
			requireContains(t, target, "pipe:[")
		} else if inherited[number] != target {
			t.Errorf("descriptor %s is %s", number, target)
		}
	}
}

func TestEachConnectionHasAChildOfItsOwn(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried)
	one, pidOfOne := s.open("00000001")
	two, pidOfTwo := s.open("00000002")
	if pidOfOne == pidOfTwo {
		t.Fatal("both have the same")
	}
	one.send("one\n")
	two.send("two\n")
	requireEqual(t, "answer of two", two.line(), "two\n")
	requireEqual(t, "answer of one", one.line(), "one\n")
	one.Close()
	eventually(t, "the child of one is gone", func() bool { return !isAlive(pidOfOne) })
	two.send("still here\n")
	requireEqual(t, "answer of two", two.line(), "still here\n")
}

func TestTheEndOfOneDirectionLeavesTheOther(t *testing.T) {
	s := launchShim(t, []string{"count"}, unhurried)
	c, _ := s.open("00000001")
	c.send(strings.Repeat("x", 300_000))
	c.endInput()
	requireEqual(t, "what is said after the end of the input", c.rest(), "300000\n")

	s = launchShim(t, []string{"close-stdout"}, unhurried)
	c, pid := s.open("00000002")
	requireEqual(t, "all output", c.rest(), "last words\n")
	if !isAlive(pid) {
		t.Fatal("a child that says nothing more is ended")
	}
	c.endInput()
	eventually(t, "the child is gone", func() bool { return !isAlive(pid) })
}

func TestWhatComesWithTheFirstLineReachesTheChild(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried)
	c := s.dial()
	c.send(`{"shim":1,"kind":"child","label":"0000abcd"}` + "\nhello\nworld\n")
	c.line()
	requireEqual(t, "first", c.line(), "hello\n")
	requireEqual(t, "second", c.line(), "world\n")
}

func TestThereAreNoMoreChildrenThanAllowed(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried, with("--max", "2"))
	one, _ := s.open("00000001")
	s.open("00000002")
	c, refused := s.ask("00000003")
	requireEqual(t, "reason", refused.Reason, "Limit")
	requireContains(t, refused.Message, "2 processes")
	requireEqual(t, "what comes after it", c.rest(), "")
	requireEqual(t, "number of children", len(s.descendants()), 2)
	one.endInput()
	// Whoever sees the end may come back at once.
	requireEqual(t, "rest of one", one.rest(), "")
	s.open("00000004")
}

func TestACommandThatIsNotThereEndsTheShimWith127(t *testing.T) {
	for _, command := range []string{"no-such-server", "/no/such/server", "./server"} {
		s := launchAnyhow(t, []string{command})
		requireEqual(t, "exit code", s.exitCode(), exitNotFound)
		requireContains(t, s.log.String(), "mcp-lifecycle shim: the command \""+command+"\" is ",
			"spec.extensions.stdio.command", "mcp-lifecycle stdio resolve IMAGE")
		if _, err := os.Stat(s.socket); err == nil {
			t.Fatal("it listens")
		}
	}
}

func TestACommandThatMayNotBeRunEndsTheShimWith126(t *testing.T) {
	folder := shortFolder(t)
	script := filepath.Join(folder, "server.py")
	writeFile(t, script, "print()", 0o644)
	for _, command := range []string{script, "server.py"} {
		s := launchAnyhow(t, []string{command}, changed(func(cmd *exec.Cmd) { cmd.Env = []string{"PATH=" + folder} }))
		requireEqual(t, "exit code", s.exitCode(), exitNotExecutable)
		requireContains(t, s.log.String(), script, "-rw-r--r--", "make it executable in the image, or name its interpreter first")
	}
	s := launchAnyhow(t, []string{self(t)}, with("--cwd", script))
	requireEqual(t, "exit code for a working directory that is a file", s.exitCode(), exitNotExecutable)
	requireContains(t, s.log.String(), "the working directory", "not a directory", "spec.extensions.stdio.cwd")
}

func TestACommandIsSoughtAsTheKernelWould(t *testing.T) {
	folder := shortFolder(t)
	link := filepath.Join(folder, "server")
	if err := os.Symlink(self(t), link); err != nil {
		t.Fatal(err)
	}
	onPath := changed(func(cmd *exec.Cmd) { cmd.Env = []string{"PATH=/nowhere:" + folder} })
	launchCommand(t, []string{"server", "act", "echo"}, onPath).open("00000001")
	launchCommand(t, []string{"./server", "act", "echo"}, with("--cwd", folder)).open("00000002")
}

func TestWhyAChildCannotBeStarted(t *testing.T) {
	folder := shortFolder(t)
	server := filepath.Join(folder, "server")
	for _, row := range []struct {
		what, content string
		reason        string
		says          string
	}{
		{"its interpreter is not in the image", "#!/no/such/interpreter\n", "NotFound", "the interpreter in its first line"},
		{"it is for another machine", "\x7fELF nothing that runs", "NotExecutable", "neither a program for this machine"},
		{"it is a script without an interpreter", "echo hello\n", "NotExecutable", "nor a script with an interpreter"},
	} {
		writeFile(t, server, row.content, 0o755)
		s := launchCommand(t, []string{server})
		_, refused := s.ask("00000001")
		requireEqual(t, row.what, refused.Reason, row.reason)
		requireContains(t, refused.Message, server, row.says)
		requireContains(t, s.wholeLog(), row.says)
	}
	s := launchCommand(t, []string{server}, with("--cwd", folder))
	before := descriptorsAtRest(t, s)
	os.Remove(server)
	_, refused := s.ask("00000001")
	requireEqual(t, "it has been removed", refused.Reason, "NotFound")
	os.Remove(folder)
	_, refused = s.ask("00000002")
	requireEqual(t, "its working directory has been removed", refused.Reason, "Cwd")
	requireDescriptors(t, s, before)
}

// descriptorsAtRest is how many there are when nobody comes or goes.
func descriptorsAtRest(t *testing.T, s *shim) int {
	t.Helper()
	last, same := -1, 0
	eventually(t, "nobody comes or goes", func() bool {
		now := s.descriptors()
		if now != last {
			last, same = now, 0
		}
		same++
		time.Sleep(10 * time.Millisecond)
		return same > 10
	})
	return last
}

func TestControlConnectionsAreToldHowChildrenExit(t *testing.T) {
	for _, row := range []struct {
		act  []string
		want string
	}{
		{[]string{"exit", "3"}, `{"event":"exit","label":"00c0ffee","code":3,"signal":null}` + "\n"},
		{[]string{"exit", "0"}, `{"event":"exit","label":"00c0ffee","code":0,"signal":null}` + "\n"},
		{[]string{"kill-itself"}, `{"event":"exit","label":"00c0ffee","code":null,"signal":"SIGKILL"}` + "\n"},
	} {
		s := launchShim(t, row.act, unhurried)
		one, two := s.control(), s.control()
		c, _ := s.open("00c0ffee")
		// The event is there when the connection ends: who notices that can say why.
		c.rest()
		requireEqual(t, "event", one.line(), row.want)
		requireEqual(t, "the other's", two.line(), row.want)
	}
}

func TestHowAChildExitedIsThereBeforeItsConnectionEnds(t *testing.T) {
	s := launchShim(t, []string{"exit", "3"}, unhurried)
	control := s.control()
	for i := range 300 {
		label := fmt.Sprintf("%08x", i)
		c, _ := s.open(label)
		c.rest()
		if !control.hasArrived() {
			t.Fatalf("of the exit of child %d nobody was told before", i)
		}
		requireContains(t, control.line(), label)
		c.Close()
	}
}

func TestWhoReadsNoEventsCostsOnlyItsConnection(t *testing.T) {
	s := launchShim(t, []string{"exit", "3"}, unhurried, with("--max", "4"))
	idle := s.control()
	reading := s.control()
	const sessions = 1000
	for range sessions {
		c, _ := s.open("00000001")
		c.rest()
		c.Close()
		requireContains(t, reading.line(), `"code":3`)
	}
	lines := strings.Count(idle.rest(), "\n")
	if lines == 0 || lines >= sessions {
		t.Fatalf("%d events were kept for who did not read them", lines)
	}
}

func TestThereIsABoundOnControlConnections(t *testing.T) {
	s := launchShim(t, []string{"echo"})
	all := []*client{}
	for range mostControls {
		all = append(all, s.control())
	}
	c := s.dial()
	c.send(`{"shim":1,"kind":"control"}` + "\n")
	requireContains(t, c.line(), `"ok":false,"reason":"Limit"`)
	all[0].Close()
	eventually(t, "there is room again", func() bool {
		c := s.dial()
		defer c.Close()
		c.send(`{"shim":1,"kind":"control"}` + "\n")
		return strings.Contains(c.line(), `"ok":true`)
	})
}

func TestToldToStopItWaitsForItsChildren(t *testing.T) {
	for _, signal := range stopSignals {
		s := launchShim(t, []string{"echo"}, unhurried)
		control := s.control()
		c, pid := s.open("00000001")
		s.signal(signal.(syscall.Signal))
		requireEqual(t, "event", control.line(), `{"event":"stopping"}`+"\n")
		_, refused := s.ask("00000002")
		requireEqual(t, "reason", refused.Reason, "Stopping")
		late := s.control()
		requireEqual(t, "event for who comes late", late.line(), `{"event":"stopping"}`+"\n")
		c.send("a call that was under way\n")
		requireEqual(t, "its answer", c.line(), "a call that was under way\n")
		if !isAlive(pid) || s.hasExited() {
			t.Fatal("it did not wait")
		}
		c.endInput()
		requireEqual(t, "exit code", s.exitCode(), 0)
		requireEqual(t, "rest of the events", control.rest(), `{"event":"exit","label":"00000001","code":0,"signal":null}`+"\n")
		if _, err := os.Stat(s.socket); err == nil {
			t.Fatal("the socket is left")
		}
	}
}

func TestToldToStopWithoutChildrenItExits(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried)
	control := s.control()
	s.signal(syscall.SIGTERM)
	requireEqual(t, "exit code", s.exitCode(), 0)
	requireEqual(t, "events", control.rest(), `{"event":"stopping"}`+"\n")
}

func TestChildrenThatGoOnEndWithTheGrace(t *testing.T) {
	s := launchShim(t, []string{"ignore-all"}, with("--grace", "100ms"))
	c, pid := s.open("00000001")
	requireEqual(t, "first line", c.line(), "ready\n")
	s.signal(syscall.SIGTERM)
	requireEqual(t, "exit code", s.exitCode(), 0)
	if isAlive(pid) {
		t.Fatal("the child is left")
	}
}

func TestTheBridgeCanGiveUp(t *testing.T) {
	s := launchShim(t, []string{"ignore-end-of-input"})
	c, pid := s.open("00000001")
	requireEqual(t, "first line", c.line(), "ready\n")
	s.control().send(`{"exit":42,"why":"did not answer"}` + "\n")
	requireEqual(t, "exit code", s.exitCode(), 42)
	if isAlive(pid) {
		t.Fatal("the child is left")
	}
	requireContains(t, s.log.String(), "exit code 42: the server did not answer\n")
}

func TestWhyTheContainerEndsIsLeftForTheKubelet(t *testing.T) {
	for _, row := range []struct {
		command []string
		asked   string
		want    string
	}{
		{[]string{"/nowhere/server"}, "", `mcp-lifecycle: NotFound: the command "/nowhere/server" is not in the image: `},
		{[]string{os.DevNull}, "", "mcp-lifecycle: NotExecutable: "},
		{nil, `{"exit":1,"reason":"NoAnswer","why":"did not answer initialize\u0007\n in time"}`, "mcp-lifecycle: NoAnswer: the server did not answer initialize   in time"},
		// What the program itself left is kept.
		{nil, `{"exit":3,"why":"exited with code 3"}`, "mine"},
		{nil, `{"exit":3,"reason":"not a word","why":"x"}`, "mine"},
		{nil, `{"exit":3}`, "mine"},
	} {
		path := filepath.Join(shortFolder(t), "log")
		writeFile(t, path, "mine", 0o666)
		command := row.command
		if command == nil {
			command = []string{self(t), "act", "echo"}
		}
		s := launchAnyhow(t, command, changed(func(cmd *exec.Cmd) { cmd.Env = append(os.Environ(), "TERMINATION_LOG="+path) }))
		if row.asked != "" {
			eventually(t, "the shim listens", func() bool { _, err := os.Stat(s.socket); return err == nil })
			s.control().send(row.asked + "\n")
		}
		s.exitCode()
		left, _ := os.ReadFile(path)
		if !strings.HasPrefix(string(left), row.want) {
			t.Errorf("%q was left", left)
		}
	}
}

func TestAHelloThatIsNotOneIsRefused(t *testing.T) {
	s := launchShim(t, []string{"echo"})
	for _, line := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\n",
		"{}\n",
		`{"shim":2,"kind":"child","label":"00000001"}` + "\n",
		`{"shim":1,"kind":"child"}` + "\n",
		`{"shim":1,"kind":"child","label":"0000000G"}` + "\n",
		`{"shim":1,"kind":"child","label":"00000001\n[00000002] forged"}` + "\n",
		`{"shim":1,"kind":"shell","label":"00000001"}` + "\n",
		`{"shim":1,"kind":"control"} {}` + "\n",
		strings.Repeat("[", 4000) + "\n",
		strings.Repeat(" ", 5000) + `{"shim":1,"kind":"control"}` + "\n",
		// No line at all: it is told after a second.
		`{"shim":1,`,
	} {
		c := s.dial()
		c.send(line)
		a := answer{}
		c.receive(&a)
		if a.OK || a.Reason != "Hello" {
			t.Errorf("%.60q: %+v", line, a)
		}
	}
	requireEqual(t, "number of children", len(s.descendants()), 0)
	s.open("00000001")
}

func TestWhoSaysNothingKeepsNobodyOut(t *testing.T) {
	s := launchShim(t, []string{"echo"})
	for range 4 * mostUnknown {
		s.dial()
	}
	c, _ := s.open("00000001")
	c.send("hello\n")
	requireEqual(t, "answer", c.line(), "hello\n")
}

func TestOtherUsersMayConnectAndAnOldSocketIsReplaced(t *testing.T) {
	folder := shortFolder(t)
	path := filepath.Join(folder, "stdio.sock")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()
	writeFile(t, filepath.Join(folder, ".stdio.sock"), "left by one that was killed", 0o600)
	s := launchShim(t, []string{"echo"}, func(l *launch) { l.socket = path })
	requireMode(t, path, os.ModeSocket|0o666)
	entries, _ := os.ReadDir(folder)
	requireEqual(t, "number of files", len(entries), 1)
	s.open("00000001")
}

func TestASocketThatCannotBeMadeIsAnError(t *testing.T) {
	s := launchAnyhow(t, []string{self(t)}, func(l *launch) { l.socket = "/nowhere/stdio.sock" })
	requireEqual(t, "exit code", s.exitCode(), exitFailed)
	requireContains(t, s.log.String(), "cannot listen on /nowhere/stdio.sock: no such file or directory")
}

func TestItRunsAsAnyUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	folder := shortFolder(t)
	binary := build(t)
	for _, path := range []string{folder, filepath.Dir(binary)} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	as := func(uid uint32) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			cmd.Dir, cmd.Env = "/", []string{}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		}
	}
	install := exec.Command(binary, "install", folder)
	as(65532)(install)
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	// The command of the children: the one static program at hand, which has nothing else in its root.
	s := launchCommand(t, []string{"/shim", "install", "/nowhere"}, changed(func(cmd *exec.Cmd) {
		as(12345)(cmd)
		cmd.SysProcAttr.Chroot = folder
	}), func(l *launch) { l.program, l.mode, l.socket = "/shim", "listen", filepath.Join(folder, "run", "s") }, inRoot(folder))
	control := s.control()
	c, _ := s.open("00000001")
	c.rest()
	requireEqual(t, "event", control.line(), `{"event":"exit","label":"00000001","code":1,"signal":null}`+"\n")
	requireContains(t, s.wholeLog(), `[00000001] mcp-lifecycle shim: cannot install itself into "/nowhere": open /proc/self/exe: no such file or directory`)
}

// inRoot has the shim find its socket seen from another root.
func inRoot(folder string) setting {
	return func(l *launch) {
		change := l.change
		l.change = func(cmd *exec.Cmd) {
			change(cmd)
			for i, arg := range cmd.Args {
				cmd.Args[i] = strings.TrimPrefix(arg, folder)
			}
		}
	}
}

func TestOrphansAreItsOwnAlsoWhereItIsNotProcess1(t *testing.T) {
	s := launchShim(t, []string{"keep", "leave", "tell-parent"}, unhurried)
	c, _ := s.open("00000001")
	requireEqual(t, "parent of the orphan", c.line(), fmt.Sprintln(s.pid()))
}

func TestAsProcess1ItReapsOrphans(t *testing.T) {
	probe := exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true")
	if err := probe.Run(); err != nil {
		t.Skipf("this machine makes no namespace of processes: %v", err)
	}
	s := launchShim(t, []string{"generations", "50"}, func(l *launch) {
		l.wrapper = []string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}
	})
	c, pid := s.open("00000001")
	if pid > 20 {
		t.Fatalf("pid %d is none of a namespace of its own", pid)
	}
	c.rest()
	c.Close()
	// Of unshare, which it began with.
	eventually(t, "the shim alone is left, and no zombie", func() bool { return len(s.descendants()) == 1 })
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	os.Remove(path)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// build makes the program as the image has it.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(shortFolder(t), "shim")
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path
}

func FuzzHello(f *testing.F) {
	for _, line := range []string{`{"shim":1,"kind":"child","label":"0123abcd"}`, `{"shim":1,"kind":"control"}`, "", "\x00", `{"shim":1e0,"kind":"control","label":null}`, `[[[`} {
		f.Add([]byte(line + "\nrest"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		reader := bufio.NewReaderSize(bytes.NewReader(text), longestMessage)
		h, err := readHello(reader)
		if err != nil {
			return
		}
		if h.Shim != 1 || h.Kind != "control" && (h.Kind != "child" || !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(h.Label)) {
			t.Fatalf("%q was taken as %+v", text, h)
		}
		line, rest, _ := strings.Cut(string(text), "\n")
		if !json.Valid([]byte(line)) || len(line) >= longestMessage {
			t.Fatalf("%q was taken", line)
		}
		if left, _ := io.ReadAll(reader); string(left) != rest {
			t.Fatalf("%q is left of %q", left, rest)
		}
	})
}
