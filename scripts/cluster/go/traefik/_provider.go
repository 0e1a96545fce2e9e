// Package stub stands for each provider that this build leaves out: one can be named in a configuration, and fails then.
package stub

import (
	"errors"

	ptypes "github.com/traefik/paerser/types"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider has the fields of all that Traefik looks at in a configuration.
type Provider struct {
	HTTPClientTimeout      ptypes.Duration `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
	RefreshSeconds         ptypes.Duration `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
	NonTLSEntryPoints      []string        `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
	DefaultRuleSyntax      string          `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
	WatchNamespace         string          `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
	WatchNamespaceSelector string          `json:"-" toml:"-" yaml:"-" label:"-" file:"-"`
}

func (*Provider) Init() error { return errors.New("this build is without this provider") }

func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return nil }

func (*Provider) FillExtensionBuilderRegistry(any) {}

// SwarmProvider is Docker's second one.
type SwarmProvider = Provider

// ProviderBuilder is what those of HashiCorp have in the configuration.
type ProviderBuilder struct{}

func (*ProviderBuilder) BuildProviders() []*Provider { return []*Provider{{}} }
