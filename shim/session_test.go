package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func requireNothingLeft(t *testing.T, s *shim) {
	t.Helper()
	eventually(t, "nothing is left below the shim", func() bool { return len(s.descendants()) == 0 })
}

// requireAlive waits for those that only started another to be gone.
func requireAlive(t *testing.T, s *shim, want int) {
	t.Helper()
	var alive []int
	eventually(t, fmt.Sprintf("at most %d processes are left", want), func() bool {
		alive = slices.DeleteFunc(s.descendants(), func(pid int) bool { return !isAlive(pid) })
		return len(alive) <= want
	})
	requireEqual(t, "number of processes that are left", len(alive), want)
}

func requireDescriptors(t *testing.T, s *shim, want int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d descriptors are open", want), func() bool { return s.descriptors() == want })
}

func TestAChildThatIgnoresTheEndOfItsInputIsToldToStop(t *testing.T) {
	note := filepath.Join(shortFolder(t), "note")
	s := launchShim(t, []string{"note-sigterm", note}, unhurried)
	c, _ := s.open("00000001")
	requireEqual(t, "first line", c.line(), "ready\n")
	began := time.Now()
	c.endInput()
	requireEqual(t, "rest", c.rest(), "")
	if took := time.Since(began); took < timeToFinish {
		t.Fatalf("it had %v to finish", took)
	}
	requireNothingLeft(t, s)
	said, _ := os.ReadFile(note)
	requireEqual(t, "what it notes", string(said), "SIGTERM\n")
}

func TestAChildThatIgnoresEverythingIsKilled(t *testing.T) {
	s := launchShim(t, []string{"ignore-all"}, unhurried)
	control := s.control()
	c, _ := s.open("00000001")
	requireEqual(t, "first line", c.line(), "ready\n")
	began := time.Now()
	c.Close()
	requireEqual(t, "event", control.line(), `{"event":"exit","label":"00000001","code":null,"signal":"SIGKILL"}`+"\n")
	if took := time.Since(began); took < timeToFinish+timeToStop {
		t.Fatalf("it was killed after %v", took)
	}
	requireNothingLeft(t, s)
}

func TestNothingThatAChildStartedOutlivesItsSession(t *testing.T) {
	for _, act := range [][]string{
		// The parent exits, and what it leaves holds its stdout.
		{"leave", "ignore-end-of-input"},
		{"leave", "ignore-all"},
		{"leave", "leave", "ignore-all"},
		// In sessions of their own, with an environment of their own.
		{"leave-daemon", "ignore-all"},
		{"leave-daemon", "leave-daemon", "leave-daemon", "ignore-all"},
		{"generations", "20"},
		// The parent lives, and leaves when it is told to.
		{"keep", "ignore-end-of-input"},
		{"keep", "leave-daemon", "ignore-all"},
		{"keep", "keep", "leave-daemon", "ignore-end-of-input"},
	} {
		t.Run(strings.Join(act, " "), func(t *testing.T) {
			s := launchShim(t, act)
			before := descriptorsAtRest(t, s)
			c, _ := s.open("00000001")
			if act[0] == "keep" {
				requireEqual(t, "first line", c.line(), "ready\n")
				c.endInput()
			}
			c.rest()
			requireEqual(t, "number of processes when the connection has ended", len(s.descendants()), 0)
			c.Close()
			requireDescriptors(t, s, before)
		})
	}
}

func TestOneSessionThatEndsLeavesTheOthersAlone(t *testing.T) {
	s := launchShim(t, []string{"keep", "leave-daemon", "ignore-all"})
	one, _ := s.open("00000001")
	one.line()
	mine := s.descendants()
	two, _ := s.open("00000002")
	two.line()
	one.Close()
	eventually(t, "those of the first are gone", func() bool {
		for _, pid := range mine {
			if isAlive(pid) {
				return false
			}
		}
		return true
	})
	requireAlive(t, s, 2)
}

func TestAnotherShimsProcessesAreNotItsOwn(t *testing.T) {
	one, other := launchShim(t, []string{"leave-daemon", "ignore-all"}), launchShim(t, []string{"keep", "leave-daemon", "ignore-all"})
	c, _ := other.open("00000001")
	requireEqual(t, "first line", c.line(), "ready\n")
	d, _ := one.open("00000001")
	d.rest()
	requireNothingLeft(t, one)
	requireAlive(t, other, 2)
}

func TestABridgeThatDiesTakesTheChildrenWithIt(t *testing.T) {
	for _, act := range []string{"echo", "never-read", "write-for-ever", "ignore-all", "close-stdin"} {
		t.Run(act, func(t *testing.T) {
			s := launchShim(t, []string{act})
			c, _ := s.open("00000001")
			if act == "never-read" {
				// More than pipe and socket hold: the shim waits for the child, not for us.
				_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
				for {
					if _, err := c.Write(make([]byte, 1<<20)); err != nil {
						break
					}
				}
			}
			c.Close()
			requireNothingLeft(t, s)
		})
	}
}

func TestAShimThatIsKilledLeavesNobodyWhoReads(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried)
	_, pid := s.open("00000001")
	s.signal(syscall.SIGKILL)
	s.exitCode()
	eventually(t, "the child is gone", func() bool { return !isAlive(pid) })
}

func TestAChildThatReadsNoLongerMaySayMore(t *testing.T) {
	s := launchShim(t, []string{"close-stdin"})
	c, pid := s.open("00000001")
	requireEqual(t, "first line", c.line(), "closed\n")
	c.send(strings.Repeat("nobody reads this\n", 100_000))
	if !isAlive(pid) {
		t.Fatal("the child was ended")
	}
	c.endInput()
	requireEqual(t, "rest", c.rest(), "")
}

func TestAllThatAChildHasWrittenArrivesWhenItHasExited(t *testing.T) {
	// A socket holds 208 KiB, a pipe 64: too much for the one, and little enough for the child to write it at once.
	const size = 240_000
	s := launchShim(t, []string{"write", fmt.Sprint(size)}, unhurried)
	control := s.control()
	c, _ := s.open("00000001")
	requireContains(t, control.line(), `"event":"exit"`)
	time.Sleep(200 * time.Millisecond)
	requireEqual(t, "bytes", len(c.rest()), size)
}

func TestALineOf64MiBGoesThroughWithoutBeingKept(t *testing.T) {
	const size = 64 << 20
	binary := build(t)
	s := launchShim(t, []string{"write", fmt.Sprint(size)}, func(l *launch) { l.program, l.mode = binary, "listen" })
	c, _ := s.open("00000001")
	read, chunk := 0, make([]byte, 1<<20)
	for {
		n, err := c.reader.Read(chunk)
		read += n
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond / 2)
	}
	requireEqual(t, "bytes", read, size)
	requireSmall(t, s)
}

func TestInputThatAChildDoesNotReadIsNotKept(t *testing.T) {
	binary := build(t)
	s := launchShim(t, []string{"never-read"}, func(l *launch) { l.program, l.mode = binary, "listen" })
	c, _ := s.open("00000001")
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	sent, err := c.Write(make([]byte, 64<<20))
	if err == nil || sent > 4<<20 {
		t.Fatalf("%d bytes went into what nobody reads (%v)", sent, err)
	}
	requireSmall(t, s)
}

func TestManyChildrenCostLittleWhateverTheirEnvironmentSays(t *testing.T) {
	binary := build(t)
	s := launchShim(t, []string{"echo"}, func(l *launch) { l.program, l.mode = binary, "listen" }, changed(func(cmd *exec.Cmd) {
		cmd.Env = []string{"GOGC=off", "GOMEMLIMIT=1MiB", "GOMAXPROCS=64"}
	}))
	for i := range 16 {
		c, _ := s.open(fmt.Sprintf("%08x", i))
		for range 10 {
			c.send(strings.Repeat("x", 100_000) + "\n")
			requireEqual(t, "bytes", len(c.line()), 100_001)
		}
	}
	requireSmall(t, s)
}

// requireSmall holds the shim to its bar. What is not anonymous is the program itself, which can be dropped from memory.
func requireSmall(t *testing.T, s *shim) {
	t.Helper()
	peak, anonymous := s.memory("VmHWM"), s.memory("RssAnon")
	t.Logf("peak of resident memory %d KiB, anonymous now %d KiB", peak>>10, anonymous>>10)
	if anonymous > 5<<20 || peak > 8<<20 {
		t.Errorf("%d KiB were resident, %d KiB are anonymous", peak>>10, anonymous>>10)
	}
}

func TestAThousandSessionsThatAreCutOffLeaveNothing(t *testing.T) {
	s := launchShim(t, []string{"keep", "ignore-end-of-input"}, with("--max", "64"))
	s.open("ffffffff")
	before := descriptorsAtRest(t, s)
	var ways sync.WaitGroup
	started := make(chan struct{}, 1000)
	for worker := range 20 {
		ways.Add(1)
		go func() {
			defer ways.Done()
			for i := range 50 {
				c := s.dial()
				h := fmt.Sprintf(`{"shim":1,"kind":"child","label":"%04x%04x"}`+"\n", worker, i)
				switch rand.IntN(4) {
				case 0: // Before the first line has ended.
					c.send(h[:rand.IntN(len(h)-1)])
				case 1: // Before the answer is read.
					c.send(h)
				default:
					c.send(h)
					for !strings.Contains(c.line(), `"ok":true`) {
						c.Close()
						time.Sleep(10 * time.Millisecond)
						c = s.dial()
						c.send(h)
					}
					started <- struct{}{}
					c.send("in the middle of a l")
				}
				c.Close()
			}
		}()
	}
	ways.Wait()
	if len(started) < 400 {
		t.Fatalf("only %d children were started", len(started))
	}
	eventually(t, "only those of the one that stays are left", func() bool { return len(s.descendants()) == 2 })
	requireDescriptors(t, s, before)
	s.signal(syscall.SIGTERM)
}

func TestStderrGoesToTheLogLineByLineBehindTheLabel(t *testing.T) {
	s := launchShim(t, []string{"complain", "one\r\ntwo\n\nlast without end"})
	one, _ := s.open("00000001")
	requireEqual(t, "stdout", one.line(), "done\n")
	two, _ := s.open("00000002")
	requireEqual(t, "stdout", two.line(), "done\n")
	one.endInput()
	one.rest()
	two.endInput()
	two.rest()
	log := s.wholeLog()
	for _, label := range []string{"00000001", "00000002"} {
		requireEqual(t, "lines of "+label, linesOf(t, log, label), "one\ntwo\n\nlast without end\n")
	}
	if strings.Contains(log, "done") {
		t.Fatalf("stdout was logged: %s", log)
	}
}

// linesOf are the lines of one session, without its label.
func linesOf(t *testing.T, log, label string) string {
	t.Helper()
	all := strings.Builder{}
	for line := range strings.Lines(log) {
		if text, isOfIt := strings.CutPrefix(line, "["+label+"] "); isOfIt {
			all.WriteString(text)
		} else if !strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "mcp-lifecycle shim: ") {
			t.Fatalf("a line of nobody: %q", line)
		}
	}
	return all.String()
}

func TestOnlyAProcessThatEndsUnaskedIsTold(t *testing.T) {
	s := launchShim(t, []string{"echo"}, unhurried)
	for i := range 50 {
		c, _ := s.open(fmt.Sprintf("%08x", i))
		c.endInput()
		c.rest()
	}
	requireEqual(t, "log", s.wholeLog(), "")

	s = launchShim(t, []string{"exit", "3"}, unhurried)
	c, _ := s.open("00000001")
	c.rest()
	requireEqual(t, "log", s.wholeLog(), "mcp-lifecycle shim: the process of session 00000001 has exited with code 3\n")
}

func TestALongLineOfStderrIsCut(t *testing.T) {
	s := launchShim(t, []string{"complain", strings.Repeat("x", 20_000) + "\nnext\n"})
	c, _ := s.open("00000001")
	c.endInput()
	c.rest()
	requireEqual(t, "lines", linesOf(t, s.wholeLog(), "00000001"), strings.Repeat("x", longestLine)+fmt.Sprintf(" … (%d bytes more)\nnext\n", 20_001-longestLine))
}

func TestAFloodOfStderrIsLimitedAndCounted(t *testing.T) {
	const lines = 100_000
	began := time.Now()
	s := launchShim(t, []string{"complain-often", fmt.Sprint(lines)}, unhurried)
	c, _ := s.open("00000001")
	requireEqual(t, "stdout", c.line(), "done\n")
	c.endInput()
	c.rest()
	kept, bytes, leftOut := 0, 0, 0
	for line := range strings.Lines(linesOf(t, s.wholeLog(), "00000001")) {
		var count, size int
		if _, err := fmt.Sscanf(line, "(mcp-lifecycle shim: %d lines, %d bytes, of stderr left out", &count, &size); err == nil {
			leftOut += count
			continue
		}
		requireContains(t, line, "of a server that has a lot to say")
		kept, bytes = kept+1, bytes+len(line)
	}
	if most := stderrBurst + stderrRate*int(time.Since(began)/time.Second+1); bytes > most {
		t.Fatalf("%d bytes are in the log, of %d that may be", bytes, most)
	}
	if kept == 0 || leftOut == 0 || kept+leftOut != lines {
		t.Fatalf("%d lines were kept and %d counted, of %d", kept, leftOut, lines)
	}
}

func TestATracebackIsLoggedWhole(t *testing.T) {
	s := launchShim(t, []string{"complain", strings.Repeat("at the wrong place\n", 2000)}, unhurried)
	c, _ := s.open("00000001")
	requireEqual(t, "first line", c.line(), "done\n")
	c.Close()
	requireEqual(t, "lines", strings.Count(s.wholeLog(), "[00000001] at the wrong place\n"), 2000)
}

func TestALogThatNobodyReadsStopsNobody(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	s := launchShim(t, []string{"complain-often", "100000"}, changed(func(cmd *exec.Cmd) { cmd.Stderr = writer }))
	writer.Close()
	for _, label := range []string{"00000001", "00000002"} {
		c, _ := s.open(label)
		requireEqual(t, "stdout", c.line(), "done\n")
		c.endInput()
		c.rest()
	}
	s.signal(syscall.SIGTERM)
	requireEqual(t, "exit code", s.exitCode(), 0)
}

func TestALogThatIsGoneEndsNothing(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := launchShim(t, []string{"complain-often", "1000"}, changed(func(cmd *exec.Cmd) { cmd.Stderr = writer }))
	writer.Close()
	reader.Close()
	c, _ := s.open("00000001")
	requireEqual(t, "stdout", c.line(), "done\n")
	c.endInput()
	c.rest()
	s.open("00000002")
}

func TestWhatAChildMaySayFillsUpWithTime(t *testing.T) {
	now := time.Unix(1000, 0)
	a := allowance{left: stderrBurst, at: now}
	for range stderrBurst / stderrRate {
		if !a.take(now, stderrRate) {
			t.Fatal("the burst is too small")
		}
	}
	for _, row := range []struct {
		after time.Duration
		size  int
		want  bool
	}{
		{0, 1, false},
		{time.Second, stderrRate + 1, false},
		{0, stderrRate, true},
		{0, 1, false},
		{-time.Hour, 1, false},
		{365 * 24 * time.Hour, stderrBurst + 1, false},
		{0, stderrBurst, true},
		{500 * time.Millisecond, stderrRate / 2, true},
		{0, 1, false},
	} {
		now = now.Add(row.after)
		if got := a.take(now, row.size); got != row.want {
			t.Fatalf("%+v: got %v", row, got)
		}
	}
}
