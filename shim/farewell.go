package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"unicode"
)

// Where the kubelet looks for why a container has ended: it mounts a file there that every user may write to.
// https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
var terminationLog = "/dev/termination-log"

// The kubelet takes 4096 bytes; a clause of a bridge is shorter.
const longestFarewell = 1 << 10

// leaveReason has the status of the MCPServer say it: exit codes are the server's own, and 1 is everybody's. What a program
// left there itself is its own, so nothing is written where there is no reason of ours.
func leaveReason(reason, why string) {
	if !isReason(reason) {
		return
	}
	// It is not made: without a kubelet nobody asks.
	file, err := os.OpenFile(terminationLog, os.O_WRONLY|os.O_TRUNC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = fmt.Fprintf(file, "mcp-lifecycle: %s: %s", reason, printable(why))
}

func isReason(text string) bool {
	return text != "" && len(text) <= 32 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// printable is at most so much of a text, on one line.
func printable(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), longestFarewell)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
