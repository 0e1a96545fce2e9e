package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the shim and every server that it starts: no shell, and nothing of the machine.
func TestMain(m *testing.M) {
	first := ""
	if len(os.Args) > 1 {
		first = os.Args[1]
	}
	switch first {
	case "install", "listen":
		terminationLog = os.Getenv("TERMINATION_LOG")
		main()
	case "quick":
		// What sits out seconds in earnest: for tests of which the pauses are not the point.
		timeToFinish, timeToStop, timeToStopAtLast = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
		os.Args = os.Args[1:]
		terminationLog = os.Getenv("TERMINATION_LOG")
		main()
	case "act":
		acts[os.Args[2]](os.Args[3:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Servers, good and bad.
var acts = map[string]func(args []string){
	"echo": func([]string) { _, _ = io.Copy(os.Stdout, os.Stdin) },
	// Says what it was started with, and waits for the end of its input.
	"tell": func(args []string) {
		cwd, _ := os.Getwd()
		_ = json.NewEncoder(os.Stdout).Encode(told{os.Args[0], args, os.Environ(), cwd, syscall.Getpgrp(), os.Getpid(), descriptors("self")})
		_, _ = io.Copy(io.Discard, os.Stdin)
	},
	"exit": func(args []string) { os.Exit(number(args[0])) },
	"kill-itself": func([]string) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	"ignore-end-of-input": func([]string) { fmt.Println("ready"); sleepForEver() },
	"ignore-all": func([]string) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println("ready")
		sleepForEver()
	},
	"note-sigterm": func(args []string) {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("ready")
		<-signals
		_ = os.WriteFile(args[0], []byte("SIGTERM\n"), 0o600)
	},
	// Leaves one behind that holds stdin, stdout and stderr.
	"leave": func(args []string) {
		// It may begin after we have gone.
		_ = os.Setenv("FIRST_PARENT", strconv.Itoa(os.Getpid()))
		start(nil, args...)
	},
	// The same in a session of its own, as a daemon or a browser has; without what it knows of its environment.
	"leave-daemon": func(args []string) { start(&syscall.SysProcAttr{Setsid: true}, args...) },
	"keep": func(args []string) {
		start(nil, args...)
		_, _ = io.Copy(io.Discard, os.Stdin)
	},
	// A process that starts another that starts another: 50 generations, each the child of one that has exited.
	"generations": func(args []string) {
		left := number(args[0])
		if left == 0 {
			sleepForEver()
		}
		start(nil, "generations", strconv.Itoa(left-1))
	},
	// Says who its parent is once that is another.
	"tell-parent": func([]string) {
		for first := number(os.Getenv("FIRST_PARENT")); os.Getppid() == first; {
			time.Sleep(time.Millisecond)
		}
		fmt.Println(os.Getppid())
		sleepForEver()
	},
	"never-read": func([]string) { sleepForEver() },
	"close-stdin": func([]string) {
		os.Stdin.Close()
		fmt.Println("closed")
		sleepForEver()
	},
	"close-stdout": func([]string) {
		fmt.Println("last words")
		os.Stdout.Close()
		_, _ = io.Copy(io.Discard, os.Stdin)
	},
	"write": func(args []string) {
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		for left := number(args[0]); left > 0; left -= len(chunk) {
			_, _ = os.Stdout.Write(chunk[:min(left, len(chunk))])
		}
	},
	"count": func([]string) {
		size, _ := io.Copy(io.Discard, os.Stdin)
		fmt.Println(size)
	},
	"write-for-ever": func([]string) {
		for {
			if _, err := os.Stdout.WriteString("more\n"); err != nil {
				os.Exit(1)
			}
		}
	},
	"complain": func(args []string) {
		_, _ = io.WriteString(os.Stderr, strings.Join(args, " "))
		fmt.Println("done")
		_, _ = io.Copy(io.Discard, os.Stdin)
	},
	"complain-often": func(args []string) {
		for i := range number(args[0]) {
			_, _ = fmt.Fprintf(os.Stderr, "line %d of a server that has a lot to say\n", i)
		}
		fmt.Println("done")
		_, _ = io.Copy(io.Discard, os.Stdin)
	},
}

type told struct {
	Name  string
	Args  []string
	Env   []string
	Cwd   string
	Group int
	Pid   int
	// What they are, by number.
	Descriptors map[string]string
}

func descriptors(pid string) map[string]string {
	found := map[string]string{}
	entries, _ := os.ReadDir("/proc/" + pid + "/fd")
	for _, entry := range entries {
		// The one with which the list is read is gone.
		if target, err := os.Readlink("/proc/" + pid + "/fd/" + entry.Name()); err == nil && !strings.HasPrefix(target, "anon_inode:") {
			found[entry.Name()] = target
		}
	}
	return found
}

func start(attributes *syscall.SysProcAttr, args ...string) {
	self, _ := os.Executable()
	command := exec.Command(self, append([]string{"act"}, args...)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = attributes
	if attributes != nil {
		command.Env = []string{}
	}
	if err := command.Start(); err != nil {
		panic(err)
	}
}

func sleepForEver() {
	for {
		time.Sleep(time.Hour)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
