#!/usr/bin/env bash
# Judge, without network: annotations and the job's summary, and the same verdicts in files. What came of it is in the
# outputs; the action fails in a later step, when the reports are written.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

cd -- "$GITHUB_WORKSPACE"
mapfile -d '' -t words <"$PLACE/words"
saved=(--save "json=$PLACE/verdict.jsonl" --save "text=$PLACE/verdict.txt" --save "sarif=$PLACE/attest.sarif")
code=0
"$PYTHON" -I -m attest verify --format github "${saved[@]}" "${words[@]}" || code=$?
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
"$PYTHON" -I "$here/outputs.py" "$code" "$PLACE/verdict.jsonl" >>"$GITHUB_OUTPUT"
if [[ -s $PLACE/verdict.txt ]]; then
  cat -- "$PLACE/verdict.txt"
  printf 'sarif=%s\n' "$PLACE/attest.sarif" >>"$GITHUB_OUTPUT"
fi
