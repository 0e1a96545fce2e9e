#!/bin/sh
# Runs the command line of this checkout on somebody else's files, from wherever it is called: for action.yml and
# .pre-commit-hooks.yaml. Installs what the program needs at run time and no tool of its developers, once.
# Ends with 2 when it cannot: 1 would mean findings.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ ! -e "$root/node_modules/.package-lock.json" ]; then
  echo "installing mcp-lifecycle…" >&2
  (cd "$root" && npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || {
    echo "npm could not install the dependencies of mcp-lifecycle: see the lines above" >&2
    exit 2
  }
fi
# The pinned Node comes with the dependencies.
PATH="$root/node_modules/.bin:$PATH"
major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 24 ]; then
  echo "Node 24 is needed, found $(node --version 2>/dev/null || echo none): on Linux x64 and arm64 it comes by npm; elsewhere install Node 24" >&2
  exit 2
fi
exec node "$root/webhooks/main.ts" "$@"
