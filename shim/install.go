package main

import (
	"io"
	"os"
	"path/filepath"
)

// install puts this program and the folder of the socket where the server's container finds them. The two containers run as
// different users, so anybody may run the one and write into the other.
func install(folder string) error {
	unfinished := filepath.Join(folder, ".shim")
	if err := copySelf(unfinished); err != nil {
		return err
	}
	if err := os.Rename(unfinished, filepath.Join(folder, "shim")); err != nil {
		return err
	}
	sockets := filepath.Join(folder, "run")
	if err := os.Mkdir(sockets, 0o777); err != nil && !os.IsExist(err) {
		return err
	}
	// The umask has taken from it.
	return os.Chmod(sockets, 0o777)
}

func copySelf(path string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, self); err != nil {
		return err
	}
	if err := file.Chmod(0o555); err != nil {
		return err
	}
	return file.Close()
}
