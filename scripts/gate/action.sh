#!/bin/sh
# The step of action.yml: annotations in the log, a table in the summary, SARIF if it is asked for.
set -eu
here=$(dirname "$0")
# One argument a line, and nothing in a line means anything to the shell.
lines() {
  printf '%s\n' "$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d'
}
set -- check --output=github
# What is not set is left to .mcp-lifecycle.yaml, which an option of ours would overrule.
[ -z "${MCP_FAIL_ON:-}" ] || set -- "$@" "--fail-on=$MCP_FAIL_ON"
[ -z "${MCP_NAMESPACE:-}" ] || set -- "$@" "--namespace=$MCP_NAMESPACE"
[ -z "${MCP_BASE:-}" ] || set -- "$@" "--base=$MCP_BASE"
[ -z "${MCP_SARIF:-}" ] || set -- "$@" "--output=sarif=$MCP_SARIF"
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || set -- "$@" "--output=markdown=$GITHUB_STEP_SUMMARY"
while IFS= read -r argument; do
  [ -z "$argument" ] || set -- "$@" "$argument"
done <<END_OF_ARGUMENTS
$(lines "${MCP_ARGUMENTS:-}")
END_OF_ARGUMENTS
# What follows is a path, also one that begins with -.
set -- "$@" --
while IFS= read -r path; do
  [ -z "$path" ] || set -- "$@" "$path"
done <<END_OF_PATHS
$(lines "$MCP_PATHS")
END_OF_PATHS
code=0
sh "$here/run.sh" "$@" || code=$?
[ -z "${GITHUB_OUTPUT:-}" ] || echo "exit-code=$code" >>"$GITHUB_OUTPUT"
exit "$code"
