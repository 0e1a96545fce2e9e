package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// What goes over the socket beside the bytes of a child: one JSON value in a line of at most longestMessage bytes.
const longestMessage = 4 << 10

// The first line of every connection.
type hello struct {
	Shim  int    `json:"shim"`
	Kind  string `json:"kind"`
	Label string `json:"label"`
}

// What is answered to it.
type answer struct {
	OK      bool   `json:"ok"`
	Pid     int    `json:"pid,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// What a bridge asks for on a control connection.
type request struct {
	Exit   *int   `json:"exit"`
	Reason string `json:"reason"`
	Why    string `json:"why"`
}

type exitEvent struct {
	Event  string  `json:"event"`
	Label  string  `json:"label"`
	Code   *int    `json:"code"`
	Signal *string `json:"signal"`
}

var errNoHello = errors.New(`the first line has to be {"shim":1,"kind":"child","label":"<8 hex digits>"} or {"shim":1,"kind":"control"}, in 4096 bytes and one second`)

// readHello reads no byte beyond the line, as far as the caller goes on reading from the same reader.
func readHello(reader *bufio.Reader) (hello, error) {
	h := hello{}
	line, err := reader.ReadSlice('\n')
	if err != nil || json.Unmarshal(line, &h) != nil || h.Shim != 1 {
		return hello{}, errNoHello
	}
	if h.Kind == "control" || h.Kind == "child" && isLabel(h.Label) {
		return h, nil
	}
	return hello{}, errNoHello
}

func isLabel(text string) bool {
	return len(text) == 8 && strings.Trim(text, "0123456789abcdef") == ""
}

func toLine(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Nothing that is sent can fail.
	}
	return append(text, '\n')
}

func eventOfExit(c *child) exitEvent {
	e := exitEvent{Event: "exit", Label: c.label}
	if c.status.Signaled() {
		name := nameOfSignal(c.status.Signal())
		e.Signal = &name
	} else {
		code := c.status.ExitStatus()
		e.Code = &code
	}
	return e
}

// howItEnded completes "the process …".
func howItEnded(status syscall.WaitStatus) string {
	switch {
	case !status.Signaled():
		return fmt.Sprintf("has exited with code %d", status.ExitStatus())
	case status.Signal() == syscall.SIGKILL:
		return "was killed (SIGKILL): the kernel does that when the container is out of memory"
	}
	return "was ended by " + nameOfSignal(status.Signal())
}

// The same numbers on the four architectures that there are images for.
var signals = [...]string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
	9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT",
	24: "SIGXCPU", 25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
}

func nameOfSignal(signal syscall.Signal) string {
	if number := int(signal); number < len(signals) && signals[number] != "" {
		return signals[number]
	}
	return fmt.Sprintf("SIG%d", int(signal))
}
