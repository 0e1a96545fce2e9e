package metrics

import (
	"context"

	"github.com/rs/zerolog/log"
	otypes "github.com/traefik/traefik/v3/pkg/observability/types"
)

func RegisterInfluxDB2(context.Context, *otypes.InfluxDB2) Registry {
	log.Error().Msg("this build is without InfluxDB")
	return NewVoidRegistry()
}

func StopInfluxDB2() {}
