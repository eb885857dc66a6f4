#!/usr/bin/env bash
# Judge, without network. Says what came of it in the outputs, and fails in a later step, when reports are written.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

cd -- "$GITHUB_WORKSPACE"
mapfile -d '' -t words <"$PLACE/words"
code=0
"$PYTHON" -I -m attest verify --format json -o "$PLACE/verdict.jsonl" "${words[@]}" || code=$?
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
"$PYTHON" -I "$here/outputs.py" "$code" "$PLACE/verdict.jsonl" >>"$GITHUB_OUTPUT"
