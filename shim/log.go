package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	// A longer line of a child's stderr is cut.
	longestLine = 8 << 10
	// Of the lines that wait for whoever reads the container's log; together half a mebibyte at most.
	waitingLines = 64
	// What a child may write to stderr: bytes a second, and at once after a silence. A container's log is 10 MiB by default
	// before it is rotated, and should tell of more than the last noise.
	stderrRate  = 64 << 10
	stderrBurst = 256 << 10
	// How long lines wait for room in the log.
	timeToLog = time.Second
)

// A journal is the one writer of the container's stderr, so that lines are whole. Whoever writes to it never waits: a
// log that nobody reads must stop neither the shim nor a child.
type journal struct{ lines chan entry }

type entry struct {
	text []byte
	// Closed when everything before it has been written.
	written chan struct{}
}

func newJournal(to io.Writer) *journal {
	j := &journal{make(chan entry, waitingLines)}
	go func() {
		for e := range j.lines {
			if e.written != nil {
				close(e.written)
			} else {
				// There is nobody to tell of an error.
				_, _ = to.Write(e.text)
			}
		}
	}()
	return j
}

func (j *journal) add(text []byte) bool {
	select {
	case j.lines <- entry{text: text}:
		return true
	default:
		return false
	}
}

// addWithin waits a moment for room.
func (j *journal) addWithin(limit time.Duration, text []byte) bool {
	select {
	case j.lines <- entry{text: text}:
		return true
	case <-time.After(limit):
		return false
	}
}

func (j *journal) say(format string, parts ...any) {
	j.add([]byte("mcp-lifecycle shim: " + fmt.Sprintf(format, parts...) + "\n"))
}

// flush waits until all is written, a second at most.
func (j *journal) flush() {
	e := entry{written: make(chan struct{})}
	late := time.After(time.Second)
	select {
	case j.lines <- e:
	case <-late:
		return
	}
	select {
	case <-e.written:
	case <-late:
	}
}

// copyLines writes what a child says on stderr, each line behind the session's label, until the child closes it.
func (j *journal) copyLines(from io.Reader, label string) {
	reader := bufio.NewReaderSize(from, longestLine)
	allowed := allowance{left: stderrBurst, at: time.Now()}
	lines, bytes := 0, 0
	leftOut := func() []byte {
		return fmt.Appendf(nil, "[%s] (mcp-lifecycle shim: %d lines, %d bytes, of stderr left out here: more than %d bytes a second, or than the log takes)\n",
			label, lines, bytes, stderrRate)
	}
	isStuck := false
	add := func(text []byte) bool {
		// A traceback comes at once, and faster than it is written. A log that nobody reads is waited for one time.
		if isThere := j.add(text); isThere || isStuck {
			isStuck = isStuck && !isThere
			return isThere
		}
		isStuck = !j.addWithin(timeToLog, text)
		return !isStuck
	}
	write := func(line []byte, size int) bool {
		if !allowed.take(time.Now(), size) {
			return false
		}
		if lines > 0 {
			if !add(leftOut()) {
				return false
			}
			lines, bytes = 0, 0
		}
		return add(prefixed(label, line, size))
	}
	for {
		line, size, err := readLine(reader)
		if size > 0 && !write(line, size) {
			lines, bytes = lines+1, bytes+size
		}
		if err != nil {
			if lines > 0 {
				j.addWithin(timeToLog, leftOut())
			}
			return
		}
	}
}

// readLine returns at most the beginning of a line, and how long all of it was with its end.
func readLine(reader *bufio.Reader) (line []byte, size int, err error) {
	part, err := reader.ReadSlice('\n')
	size = len(part)
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, size, err
	}
	line = append(line, part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = reader.ReadSlice('\n')
		size += len(part)
	}
	return line, size, err
}

func prefixed(label string, line []byte, size int) []byte {
	cut := size - len(line)
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	text := make([]byte, 0, len(label)+len(line)+32)
	text = fmt.Appendf(text, "[%s] %s", label, line)
	if cut > 0 {
		text = fmt.Appendf(text, " … (%d bytes more)", cut)
	}
	return append(text, '\n')
}

// An allowance fills up at stderrRate to stderrBurst.
type allowance struct {
	left int64
	at   time.Time
}

func (a *allowance) take(now time.Time, size int) bool {
	// What a long silence brings is more than fits in any case.
	elapsed := min(max(now.Sub(a.at), 0), time.Hour)
	a.left = min(a.left+int64(elapsed)*stderrRate/int64(time.Second), stderrBurst)
	a.at = now
	if int64(size) > a.left {
		return false
	}
	a.left -= int64(size)
	return true
}

var stderr = newJournal(os.Stderr)
