package main

import (
	"bufio"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// What the end of a session may take; variables, so that tests need not sit it out a thousand times.
var (
	// From the end of its input until SIGTERM: the pause that MCP wants a client to make.
	timeToFinish = 2 * time.Second
	// From SIGTERM to SIGKILL.
	timeToStop = 5 * time.Second
	// From SIGTERM to SIGKILL when the shim's own time is up.
	timeToStopAtLast = 2 * time.Second
	// A process that does not die of SIGKILL hangs in the kernel; it is given up.
	timeToDie = 5 * time.Second
	// How long a bridge that reads slowly may take to the last of what a child that is gone has written.
	timeToDeliver = 10 * time.Second
)

// Of what a child has written and is on its way; a pipe and a socket hold some more, and a whole message need not fit.
const copyBuffer = 16 << 10

// A session is one connection and the child that was started for it.
type session struct {
	conn  *net.UnixConn
	child *child
	// Our ends of the child's pipes.
	stdin, stdout, stderr *os.File
}

func startSession(p *processes, conn *net.UnixConn, label, path string, o options) (*session, error) {
	pipes, err := openPipes()
	if err != nil {
		return nil, err
	}
	defer pipes.closeTheirs()
	child, err := p.start(label, path, o.argv, &syscall.ProcAttr{
		Dir:   o.cwd,
		Env:   os.Environ(),
		Files: pipes.theirs[:],
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		pipes.closeOurs()
		return nil, err
	}
	return &session{conn, child, pipes.ours[0], pipes.ours[1], pipes.ours[2]}, nil
}

// run copies until it is over, and returns when nothing of the child is left. The connection stays open.
func (s *session) run(p *processes, input *bufio.Reader, ending <-chan struct{}) {
	inputEnded, outputEnded, errorsEnded, over := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	defer close(over)
	go func() {
		s.copyInput(input)
		close(inputEnded)
		s.stdin.Close()
	}()
	go func() {
		s.copyOutput()
		close(outputEnded)
		// Who sees the end may come back at once. Mostly it is all over in a moment: the connection is closed when there is room again.
		if !within(timeToFinish, over, nil) {
			_ = s.conn.CloseWrite()
		}
	}()
	go func() {
		defer close(errorsEnded)
		stderr.copyLines(s.stderr, s.child.label)
	}()

	patience := timeToStop
	select {
	case <-s.child.exited:
		if !isClosed(inputEnded) {
			stderr.say("the process of session %s %s", s.child.label, howItEnded(s.child.status))
		}
	case <-ending:
		patience = timeToStopAtLast
	case <-inputEnded:
		within(timeToFinish, s.child.exited, ending)
	}
	s.stdin.Close()
	if !p.end(s.child, patience) {
		stderr.say("processes of session %s do not die of SIGKILL: they are left alone", s.child.label)
	}
	// What has been written before the end is still in the pipes, which a process that was left alone may hold open.
	within(timeToDeliver, outputEnded, nil)
	within(time.Second, errorsEnded, nil)
	s.stdout.Close()
	s.stderr.Close()
	// Who sees the end of the connection wants to know how the child ended.
	within(timeToSpeak, s.child.told, nil)
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}

// within reports whether it was done in time, and not something else before.
func within(limit time.Duration, done, otherwise <-chan struct{}) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-otherwise:
	case <-timer.C:
	}
	return false
}

// copyInput ends when the bridge says that nothing more comes, or is gone.
func (s *session) copyInput(input *bufio.Reader) {
	isRead := true
	for {
		// Out of the buffer in which the first line came: another one for each session would be as much again.
		_, err := input.Peek(1)
		arrived, _ := input.Peek(input.Buffered())
		for rest := arrived; isRead && len(rest) > 0; {
			// Not for ever: while a child reads nothing nobody else would notice that the bridge is gone.
			_ = s.stdin.SetWriteDeadline(time.Now().Add(time.Second))
			written, writeErr := s.stdin.Write(rest)
			rest = rest[written:]
			switch {
			case errors.Is(writeErr, os.ErrDeadlineExceeded):
				if isHungUp(s.conn) {
					return
				}
			case writeErr != nil:
				// A child that reads no longer may have more to say.
				isRead = false
			}
		}
		_, _ = input.Discard(len(arrived))
		if err != nil {
			return
		}
	}
}

// copyOutput ends when nobody can write to the child's stdout any longer. When the bridge is gone the rest is read and
// thrown away, so that a child which is writing comes to the end of its input.
func (s *session) copyOutput() {
	buffer := make([]byte, copyBuffer)
	isWanted := true
	for {
		size, err := s.stdout.Read(buffer)
		if isWanted && size > 0 {
			_, writeErr := s.conn.Write(buffer[:size])
			isWanted = writeErr == nil
		}
		if err != nil {
			return
		}
	}
}

// isHungUp reports whether the other side has closed the connection, of which reading tells only after all that it sent.
func isHungUp(conn *net.UnixConn) (isGone bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	const failed, hungUp = 0x8, 0x10 // POLLERR, POLLHUP
	err = raw.Control(func(fd uintptr) {
		asked := struct {
			fd              int32
			events, noticed int16
		}{fd: int32(fd)}
		atOnce := syscall.Timespec{}
		_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&asked)), 1, uintptr(unsafe.Pointer(&atOnce)), 0, 0, 0)
		isGone = asked.noticed&(failed|hungUp) != 0
	})
	return isGone || err != nil
}

// Stdin, stdout and stderr of a child.
type pipes struct {
	ours   [3]*os.File
	theirs [3]uintptr
}

func openPipes() (p pipes, err error) {
	for i := range p.ours {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
			for done := range i {
				p.ours[done].Close()
				syscall.Close(int(p.theirs[done]))
			}
			return p, err
		}
		our, their := ends[0], ends[1]
		if i == 0 {
			our, their = ends[1], ends[0]
		}
		// Each end has a mode of its own: the child's blocks, as programs expect it to.
		_ = syscall.SetNonblock(our, true)
		p.ours[i], p.theirs[i] = os.NewFile(uintptr(our), "pipe"), uintptr(their)
	}
	return p, nil
}

func (p *pipes) closeOurs() {
	for _, file := range p.ours {
		file.Close()
	}
}

func (p *pipes) closeTheirs() {
	for _, fd := range p.theirs {
		syscall.Close(int(fd))
	}
}
