package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// For the first line of a connection, and for whoever is written to on a control connection.
	timeToSpeak = time.Second
	// Connections whose first line has not come yet; more wait to be accepted.
	mostUnknown = 64
	// A bridge has one; another while it notices that the first is gone.
	mostControls = 8
)

// A server is the socket and what came of its connections.
type server struct {
	options   options
	processes *processes
	// Closed when the children's time is up.
	ending chan struct{}
	// The end that a bridge asked for.
	exit chan surrender

	mutex sync.Mutex
	// Children that are not quite gone.
	running  int
	stopping bool
	// Closed when the last child is gone, once it is stopping.
	idle     chan struct{}
	controls map[*control]struct{}
	// Control connections that still have something to tell.
	telling sync.WaitGroup
}

// A control is a connection on which events are told. It is closed when it takes more than its queue to keep up.
type control struct {
	conn   *net.UnixConn
	events chan event
}

// What a bridge asks for that gives up.
type surrender struct {
	code int
	// One word; empty where the exit code says it.
	reason string
	// Completes "the server …".
	why string
}

// An event, and whoever waits until it has been written, or never will be.
type event struct {
	line    []byte
	written *sync.WaitGroup
}

// listen returns the shim's exit code.
func listen(o options) int {
	defer stderr.flush()
	// Taken, so that a log or a bridge that is gone gives an error instead of ending us; ignored it would be in children, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if _, problem := find(o.argv[0], o.cwd); problem != nil {
		stderr.say("%s", problem.Message)
		leaveReason(problem.Reason, problem.Message)
		return problem.exitCode
	}
	s := &server{
		options:  o,
		ending:   make(chan struct{}),
		exit:     make(chan surrender, 1),
		idle:     make(chan struct{}),
		controls: map[*control]struct{}{},
	}
	s.processes = newProcesses(func(c *child) {
		written := s.tell(eventOfExit(c))
		go func() {
			written.Wait()
			close(c.told)
		}()
	})
	stops := make(chan os.Signal, 1)
	signal.Notify(stops, stopSignals...)
	s.reapForEver()
	listener, err := bind(o.socket)
	if err != nil {
		stderr.say("cannot listen on %s: %v; the init container makes its folder, which every user may write to", o.socket, cause(err))
		return exitFailed
	}
	go s.acceptForEver(listener)
	code := s.wait(stops)
	_ = os.Remove(o.socket)
	s.closeControls()
	return code
}

// All that images declare as STOPSIGNAL, as far as a terminal does not send it: the kubelet sends what the image says.
var stopSignals = []os.Signal{
	syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.Signal(37), // SIGRTMIN+3, of images with systemd
}

// wait returns when it is told to end and all children are gone, or their time is up.
func (s *server) wait(stops <-chan os.Signal) (code int) {
	grace := s.options.grace
	select {
	case <-stops:
	case asked := <-s.exit:
		code, grace = asked.code, 0
		stderr.say("the bridge gives up and asks for exit code %d: the server %s", code, asked.why)
		leaveReason(asked.reason, "the server "+asked.why)
	}
	s.stop()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-s.idle:
		return code
	case asked := <-s.exit:
		code = asked.code
	case <-timer.C:
	}
	close(s.ending)
	within(timeToStopAtLast+time.Second, s.idle, nil)
	s.processes.killAll()
	return code
}

// bind makes the socket under another name first: whoever finds it can connect to it, and one that an earlier run left is
// replaced.
func bind(path string) (*net.UnixListener, error) {
	unfinished := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.Remove(unfinished); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: unfinished, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	// The bridge is another user.
	if err := os.Chmod(unfinished, 0o666); err != nil {
		return nil, err
	}
	return listener, os.Rename(unfinished, path)
}

func (s *server) reapForEver() {
	exits := make(chan os.Signal, 1)
	signal.Notify(exits, syscall.SIGCHLD)
	go func() {
		for range exits {
			s.processes.reap()
		}
	}()
}

func (s *server) acceptForEver(listener *net.UnixListener) {
	unknown := make(chan struct{}, mostUnknown)
	for {
		unknown <- struct{}{}
		conn, err := listener.AcceptUnix()
		if err != nil {
			// No file descriptor is free: some will be.
			<-unknown
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go func() {
			defer conn.Close()
			reader := bufio.NewReaderSize(conn, longestMessage)
			_ = conn.SetReadDeadline(time.Now().Add(timeToSpeak))
			h, err := readHello(reader)
			_ = conn.SetReadDeadline(time.Time{})
			<-unknown
			switch {
			case err != nil:
				reply(conn, answer{Reason: "Hello", Message: err.Error()})
			case h.Kind == "control":
				s.serveControl(conn, reader)
			default:
				s.serveChild(conn, reader, h.Label)
			}
		}()
	}
}

func reply(conn *net.UnixConn, value any) {
	_ = conn.SetWriteDeadline(time.Now().Add(timeToSpeak))
	// Whoever is gone is noticed when reading.
	_, _ = conn.Write(toLine(value))
	_ = conn.SetWriteDeadline(time.Time{})
}

func (s *server) serveChild(conn *net.UnixConn, reader *bufio.Reader, label string) {
	if problem := s.admit(); problem != nil {
		reply(conn, answer{Reason: problem.Reason, Message: problem.Message})
		return
	}
	// Before the connection is closed: who sees that may come back at once.
	defer s.release()
	name := s.options.argv[0]
	path, problem := find(name, s.options.cwd)
	var started *session
	if problem == nil {
		var err error
		if started, err = startSession(s.processes, conn, label, path, s.options); err != nil {
			problem = whyNotStarted(name, err)
		}
	}
	if problem != nil {
		stderr.say("%s", problem.Message)
		reply(conn, answer{Reason: problem.Reason, Message: problem.Message})
		return
	}
	reply(conn, answer{OK: true, Pid: started.child.pid})
	started.run(s.processes, reader, s.ending)
}

func (s *server) admit() *refusal {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stopping {
		return &refusal{Reason: "Stopping", Message: "the container is being stopped: no process is started any more"}
	}
	if s.running >= s.options.max {
		return &refusal{Reason: "Limit", Message: fmt.Sprintf("there are %d processes, which is as many as may be (--max)", s.running)}
	}
	s.running++
	return nil
}

func (s *server) release() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.running--
	if s.stopping && s.running == 0 {
		close(s.idle)
	}
}

func (s *server) stop() {
	s.mutex.Lock()
	s.stopping = true
	if s.running == 0 {
		close(s.idle)
	}
	s.mutex.Unlock()
	s.tell(stoppingEvent)
}

var stoppingEvent = struct {
	Event string `json:"event"`
}{"stopping"}

func (s *server) serveControl(conn *net.UnixConn, reader *bufio.Reader) {
	// As many as can come at once, so that only one who does not read at all falls behind.
	c := &control{conn, make(chan event, s.options.max+mostControls)}
	first := &sync.WaitGroup{}
	s.mutex.Lock()
	isFull := len(s.controls) >= mostControls
	if !isFull {
		// The answer is what comes first.
		c.add(toLine(answer{OK: true, Pid: os.Getpid()}), first)
		if s.stopping {
			c.add(toLine(stoppingEvent), first)
		}
		s.controls[c] = struct{}{}
		s.telling.Add(1)
	}
	s.mutex.Unlock()
	if isFull {
		reply(conn, answer{Reason: "Limit", Message: fmt.Sprintf("there are %d control connections", mostControls)})
		return
	}
	go func() {
		s.readRequests(reader)
		s.mutex.Lock()
		delete(s.controls, c)
		close(c.events)
		s.mutex.Unlock()
	}()
	defer s.telling.Done()
	c.writeEvents()
}

// closeControls has every event told first, as far as somebody reads it.
func (s *server) closeControls() {
	s.mutex.Lock()
	for c := range s.controls {
		_ = c.conn.SetReadDeadline(time.Now())
	}
	s.mutex.Unlock()
	told := make(chan struct{})
	go func() {
		defer close(told)
		s.telling.Wait()
	}()
	within(2*timeToSpeak, told, nil)
}

// add reports whether there was room for it.
func (c *control) add(line []byte, written *sync.WaitGroup) bool {
	written.Add(1)
	select {
	case c.events <- event{line, written}:
		return true
	default:
		written.Done()
		return false
	}
}

// writeEvents goes on when nobody takes them any more, so that nobody waits for them.
func (c *control) writeEvents() {
	isTaken := true
	for e := range c.events {
		if isTaken {
			_ = c.conn.SetWriteDeadline(time.Now().Add(timeToSpeak))
			_, err := c.conn.Write(e.line)
			if isTaken = err == nil; !isTaken {
				c.conn.Close()
			}
		}
		e.written.Done()
	}
}

// readRequests returns when the bridge is gone, or says what nobody understands.
func (s *server) readRequests(reader *bufio.Reader) {
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		r := request{}
		if json.Unmarshal(line, &r) != nil || r.Exit == nil {
			return
		}
		select {
		case s.exit <- surrender{*r.Exit & 0xff, r.Reason, printable(r.Why)}:
		default: // One is enough.
		}
	}
}

// tell returns what is done when everybody has been told who takes it.
func (s *server) tell(what any) *sync.WaitGroup {
	line, written := toLine(what), &sync.WaitGroup{}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for c := range s.controls {
		if !c.add(line, written) {
			c.conn.Close()
		}
	}
	return written
}
