// The parts of Argo CD that render and sync applications, as one program: the application controller and the repo server
// are its own commands, without its server, UI and command line. What they keep in Redis is kept in memory by the
// stand-in that Argo CD uses itself for `argocd --core`.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
)

func main() {
	cache := &cobra.Command{Use: "redis ADDRESS", Args: cobra.ExactArgs(1), RunE: serveCache}
	root := &cobra.Command{Use: "argo-cd"}
	root.AddCommand(controller.NewCommand(), reposerver.NewCommand(), askpass.NewCommand(), cache)
	if err := root.Execute(); err != nil {
		log.Fatal(err)
	}
}

// serveCache serves until it is told to end.
func serveCache(_ *cobra.Command, args []string) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(args[0]); err != nil {
		return err
	}
	defer server.Close()
	ended, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ended.Done()
	return nil
}
