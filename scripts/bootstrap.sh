#!/bin/sh
# Installs the npm dependencies when they are missing or older than the lockfile, then asserts Node 24.
# Runs on whatever `npm` the machine has; everything after it runs on the pinned Node from node_modules/.bin.
# Ends with 2 when it cannot: to a pipeline that runs `npm run mcp-lifecycle -- check`, 1 would mean findings.
set -eu
cd "$(dirname "$0")/.."
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "installing npm dependencies…" >&2
  # Not `npm ci`: it refuses a lockfile in which a registry had no build of an optional package for some other
  # platform. `--no-save` installs what the lockfile pins just the same, and leaves it untouched.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || {
    echo "npm could not install the dependencies: see the lines above; check the network and run the command again." >&2
    exit 2
  }
  touch node_modules/.package-lock.json
fi
major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 24 ]; then
  echo "Node 24 is needed, found $(node --version 2>/dev/null || echo none): on Linux x64 and arm64 it comes with the npm dependencies (do not use --omit=optional); elsewhere install Node 24." >&2
  exit 2
fi
