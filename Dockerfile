# The one image: Node, a bundle of each program, the shim of stdio servers, nobody's rights. `docker build .` needs only
# Docker and a registry. `npm run image` builds the same file without a registry: BASE is a base made from the pinned Node,
# and the stages `bundle` and `shim` are replaced by a directory that holds what they make (--build-context bundle=DIR).
# By digest, of all platforms: a tag may be another image tomorrow. Where each was read, and how to take newer ones, is in
# docs/decisions/0095-what-others-read-of-the-chart-is-tried.md.
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a
ARG BUNDLER=docker.io/library/node:24-slim@sha256:cd84903a12dbd26b46f1f3b8144a2568c41c5d37ddd0c7a80a34c7a19786b35f
ARG GO=docker.io/library/golang:1.26-alpine@sha256:ce864e7223ac17b1775e6fd0b4c0db580c2eb50e7953a427916379e4b92a1628

FROM ${BUNDLER} AS bundle
WORKDIR /src
COPY package.json package-lock.json ./
# Optional packages bring another Node and test binaries; the bundler's own binary is all that is needed of them.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/image/bundle.ts --image /app

# Built where the build runs, for where the image runs.
FROM --platform=${BUILDPLATFORM} ${GO} AS shim
ARG TARGETARCH
WORKDIR /src
COPY shim ./
# The flags of scripts/image/shim.ts.
RUN CGO_ENABLED=0 GOOS=linux GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false "-ldflags=-s -w -buildid=" -o /mcp-lifecycle/shim . \
  && chmod 0555 /mcp-lifecycle/shim

FROM ${BASE}
COPY --from=bundle /app /app
# Copied into the pods of stdio servers, by its own command `install`.
COPY --from=shim /mcp-lifecycle /mcp-lifecycle
USER 65532:65532
# Code is optimised one function after the other: what becomes hot together is otherwise compiled together on other
# threads, and the 10 to 20 MB that takes stay in the process for good (docs/decisions/0029-one-compilation-at-a-time.md).
# Not in NODE_OPTIONS, which does not take the flag, nor in the program: it has to be there when the engine starts.
ENTRYPOINT ["/nodejs/bin/node", "--no-concurrent-recompilation", "/app/mcp-lifecycle.cjs"]
