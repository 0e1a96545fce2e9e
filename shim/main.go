// Shim runs in the container of a stdio MCP server, in place of its command: it listens on a Unix socket and starts the
// command once for each connection. It knows nothing of MCP; README.md says what goes over the socket.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

const usage = `usage:
  shim install DIR   copies itself to DIR/shim and makes DIR/run, where the socket goes
  shim listen --socket PATH [--max N] [--grace DURATION] [--cwd DIR] -- COMMAND [ARGUMENT…]
                     starts COMMAND once for each connection, at most N (16) at a time; when it is told to end it
                     waits DURATION (30s) for the last of them
`

// Exit codes of the shim itself; 126 and 127 are those of a shell.
const (
	exitFailed        = 1
	exitUsage         = 2
	exitNotExecutable = 126
	exitNotFound      = 127
)

// A socket's path has room for 108 bytes with its end, and the name under which it is made is 5 longer.
const longestSocketPath = 100

type options struct {
	socket string
	// How many children there may be at a time.
	max   int
	grace time.Duration
	// Working directory of the children; the shim's own if empty.
	cwd  string
	argv []string
}

func main() {
	// It lives on the server's memory limit, and what it keeps is bounded by its buffers. What the server is told by GOGC,
	// GOMEMLIMIT and GOMAXPROCS is not meant for it: it would collect all the time, or never.
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(20)
	debug.SetMemoryLimit(math.MaxInt64)
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	command, rest := "", []string{}
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	switch {
	case command == "install" && len(rest) == 1:
		if err := install(rest[0]); err != nil {
			fmt.Fprintf(os.Stderr, "mcp-lifecycle shim: cannot install itself into %q: %v\n", rest[0], err)
			return exitFailed
		}
		return 0
	case command == "listen":
		o, err := parseOptions(rest)
		if err == nil {
			return listen(o)
		}
		fmt.Fprintf(os.Stderr, "mcp-lifecycle shim: %v\n%s", err, usage)
	default:
		fmt.Fprint(os.Stderr, usage)
	}
	return exitUsage
}

func parseOptions(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("listen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.socket, "socket", "", "")
	flags.IntVar(&o.max, "max", 16, "")
	flags.DurationVar(&o.grace, "grace", 30*time.Second, "")
	flags.StringVar(&o.cwd, "cwd", "", "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.argv = flags.Args()
	if o.cwd != "" {
		cwd, err := filepath.Abs(o.cwd)
		if err != nil {
			return o, err
		}
		o.cwd = cwd
	}
	switch {
	case o.socket == "" || len(o.socket) > longestSocketPath:
		return o, fmt.Errorf("--socket takes a path of 1 to %d bytes", longestSocketPath)
	case o.max < 1 || o.max > 1024:
		return o, errors.New("--max takes a number from 1 to 1024")
	case o.grace < 0:
		return o, errors.New("--grace takes a duration such as 30s")
	case len(o.argv) == 0 || o.argv[0] == "":
		return o, errors.New("there is no command after --")
	}
	return o, nil
}
