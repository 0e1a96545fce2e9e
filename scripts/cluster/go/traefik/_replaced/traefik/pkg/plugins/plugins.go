// Package plugins stands for the two interpreters of plugins, which this build leaves out.
package plugins

import (
	"context"
	"errors"
	"net/http"

	"github.com/traefik/traefik/v3/pkg/provider"
)

var errLeftOut = errors.New("this build is without plugins")

type Constructor func(context.Context, http.Handler) (http.Handler, error)

type Descriptor struct{}

type LocalDescriptor struct{}

type Builder struct{}

func (Builder) Build(string, map[string]any, string) (Constructor, error) { return nil, errLeftOut }

func (Builder) BuildProvider(string, map[string]any) (provider.Provider, error) {
	return nil, errLeftOut
}
