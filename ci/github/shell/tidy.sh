#!/usr/bin/env bash
# Remove what only this action needed: a last step, however it went.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/root.sh
. "$here/root.sh"

# Of a run that ended before its evidence was written, the writer key is still there.
[[ -z $PLACE || ! -d $PLACE/held ]] || "${root[@]}" rm -rf -- "$PLACE/held"
# What root ran from there, it left its byte code beside.
[[ -z $PLACE ]] || rm -rf -- "$PLACE/venv" 2>/dev/null || "${root[@]}" rm -rf -- "$PLACE/venv"
