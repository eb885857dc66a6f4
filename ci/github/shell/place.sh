#!/usr/bin/env bash
# Make a folder for this action alone, outside the workspace, and say where: output `place`.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/refusing.sh"

[[ -d ${RUNNER_TEMP:-} ]] || refuse "RUNNER_TEMP names no directory" "Run this on a GitHub Actions runner."
workspace=$(realpath -e -- "$GITHUB_WORKSPACE")
temporary=$(realpath -e -- "$RUNNER_TEMP")
[[ $temporary/ != "$workspace"/* ]] ||
  refuse "the runner's temporary directory lies in the workspace" "Configure the runner with a work folder of its own."

place=$(mktemp -d -- "$temporary/mcp-attest.XXXXXXXX") # 0700
printf 'place=%s\n' "$place" >>"$GITHUB_OUTPUT"
