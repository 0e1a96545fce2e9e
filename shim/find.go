package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// A refusal says why no child was started: to the bridge by its reason, to people by its message.
type refusal struct {
	Reason  string
	Message string
	// What the shim exits with if it finds out before it listens.
	exitCode int
}

const howToName = "set spec.extensions.stdio.command to a program of the image (`mcp-lifecycle stdio resolve IMAGE` prints the image's own)"

// What container runtimes use where an image sets no PATH.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// find resolves a command as execvp does, seen from the children's working directory.
func find(name, cwd string) (string, *refusal) {
	if problem := checkDirectory(cwd); problem != nil {
		return "", problem
	}
	if strings.Contains(name, "/") {
		path := from(cwd, name)
		exists, runnable := look(path)
		switch {
		case runnable:
			return path, nil
		case exists:
			return "", notExecutable(name, path)
		}
		return "", &refusal{"NotFound", fmt.Sprintf("the command %q is not in the image: %s", name, howToName), exitNotFound}
	}
	inTheWay := ""
	for _, folder := range filepath.SplitList(searchPath()) {
		path := from(cwd, filepath.Join(folder, name))
		exists, runnable := look(path)
		if runnable {
			return path, nil
		}
		if exists && inTheWay == "" {
			inTheWay = path
		}
	}
	if inTheWay != "" {
		return "", notExecutable(name, inTheWay)
	}
	return "", &refusal{"NotFound", fmt.Sprintf("the command %q is in no folder of the container's PATH: %s", name, howToName), exitNotFound}
}

func searchPath() string {
	if path, isSet := os.LookupEnv("PATH"); isSet {
		return path
	}
	return usualPath
}

func from(cwd, path string) string {
	if cwd == "" || filepath.IsAbs(path) {
		// As it is: a name with a slash is not searched for.
		return path
	}
	return filepath.Join(cwd, path)
}

func look(path string) (exists, runnable bool) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return false, false
	}
	const execute = 1
	return true, syscall.Access(path, execute) == nil
}

func notExecutable(name, path string) *refusal {
	mode := ""
	if info, err := os.Stat(path); err == nil {
		mode = fmt.Sprintf(" (mode %v)", info.Mode())
	}
	return &refusal{"NotExecutable", fmt.Sprintf(
		"the command %q is no program that uid %d may run: %s%s; make it executable in the image, or name its interpreter first (command: [node, %s])",
		name, os.Getuid(), path, mode, path), exitNotExecutable}
}

func checkDirectory(cwd string) *refusal {
	if cwd == "" {
		return nil
	}
	const search = 1
	info, err := os.Stat(cwd)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err == nil {
		err = syscall.Access(cwd, search)
	}
	if err == nil {
		return nil
	}
	return &refusal{"Cwd", fmt.Sprintf("the working directory %q cannot be used by uid %d (%v): set spec.extensions.stdio.cwd to a directory of the image or of a mount",
		cwd, os.Getuid(), cause(err)), exitNotExecutable}
}

// whyNotStarted tells what the kernel's answer to a program that is there means.
func whyNotStarted(name string, err error) *refusal {
	switch {
	case errors.Is(err, syscall.ENOENT):
		return &refusal{Reason: "NotFound", Message: fmt.Sprintf(
			"the command %q is there, but what it needs to be started is not: the interpreter in its first line (#!), or the loader of its C library (a program for glibc in an image without it)", name)}
	case errors.Is(err, syscall.ENOEXEC):
		return &refusal{Reason: "NotExecutable", Message: fmt.Sprintf(
			"the command %q is neither a program for this machine (%s) nor a script with an interpreter in its first line (#!): use an image of this architecture, or name the interpreter first", name, runtime.GOARCH)}
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return &refusal{Reason: "NotExecutable", Message: fmt.Sprintf(
			"the command %q may not be run by uid %d (%v): look at the modes of it, of its interpreter and of their folders, and whether it is on a volume mounted noexec", name, os.Getuid(), err)}
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE):
		return &refusal{Reason: "Limit", Message: fmt.Sprintf(
			"the command %q cannot be started now (%v): the container has as many processes, files or as much memory as it may have", name, err)}
	}
	return &refusal{Reason: "NotExecutable", Message: fmt.Sprintf("the command %q cannot be started: %v", name, err)}
}

// cause is the error without the operation and the path, which the sentence around it has.
func cause(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}
