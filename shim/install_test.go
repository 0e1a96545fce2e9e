package main

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestInstallPutsItselfWhereEveryUserMayRunIt(t *testing.T) {
	folder := shortFolder(t)
	// What runs already is replaced, too.
	for range 2 {
		previous := syscall.Umask(0o077)
		output, err := exec.Command(self(t), "install", folder).CombinedOutput()
		syscall.Umask(previous)
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		requireMode(t, filepath.Join(folder, "shim"), 0o555)
		requireMode(t, filepath.Join(folder, "run"), os.ModeDir|0o777)
	}
	entries, _ := os.ReadDir(folder)
	requireEqual(t, "number of files", len(entries), 2)
	output, err := exec.Command(filepath.Join(folder, "shim"), "act", "exit", "0").CombinedOutput()
	if err != nil {
		t.Fatalf("what was installed does not run: %v %s", err, output)
	}
}

func TestInstallSaysWhyItCannot(t *testing.T) {
	output, err := exec.Command(self(t), "install", "/nowhere").CombinedOutput()
	if err == nil {
		t.Fatal("it says that it did")
	}
	requireContains(t, string(output), `mcp-lifecycle shim: cannot install itself into "/nowhere"`, "no such file or directory")
}

func TestWrongUsageExitsWith2AndSaysWhatIsRight(t *testing.T) {
	for _, args := range [][]string{
		{"install"},
		{"listen"},
		{"listen", "--socket", "/x/s"},
		{"listen", "--socket", "/x/s", "--max", "0", "--", "true"},
		{"listen", "--socket", "/x/s", "--max", "many", "--", "true"},
		{"listen", "--socket", "/x/s", "--grace", "-1s", "--", "true"},
		{"listen", "--socket", "/x/s", "--grace", "30", "--", "true"},
		{"listen", "--socket", "/x/s", "--", ""},
		{"listen", "--socket", "/" + string(make([]byte, 200)), "--", "true"},
	} {
		if parsed, err := parseOptions(args[1:]); args[0] == "listen" && err == nil {
			t.Errorf("%q is taken as %+v", args, parsed)
		}
	}
	command := exec.Command(self(t), "listen", "--socket", "/x/s", "--max", "0", "--", "true")
	output, _ := command.CombinedOutput()
	requireEqual(t, "exit code", command.ProcessState.ExitCode(), exitUsage)
	requireContains(t, string(output), "--max takes a number from 1 to 1024", "usage:")
}

func requireMode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	requireEqual(t, "mode of "+path, info.Mode(), mode)
}

func TestSourcesAreFormatted(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	if len(files) == 0 {
		t.Fatal("there are no sources")
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(source)
		if err != nil {
			t.Fatal(err)
		}
		if string(formatted) != string(source) {
			t.Errorf("%s: run `gofmt -w shim`", file)
		}
	}
}
