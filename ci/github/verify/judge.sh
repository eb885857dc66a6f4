#!/usr/bin/env bash
# Judge, without network: annotations and the job's summary, and the same verdicts in files. What came of it is in the
# outputs; the action fails in a later step, when the reports are written.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/inputs.sh
. "$here/../shell/inputs.sh"
# shellcheck source=ci/github/shell/keys.sh
. "$here/../shell/keys.sh"

cd -- "$GITHUB_WORKSPACE"
mapfile -d '' -t words <"$PLACE/words"
saved=(--save "json=$PLACE/verdict.jsonl" --save "text=$PLACE/verdict.txt" --save "sarif=$PLACE/attest.sarif")
if [[ -n $INPUT_RESULT_KEY ]]; then
  trap 'rm -f -- "$PLACE/result.key"' EXIT
  word result-uri "$INPUT_RESULT_URI"
  private_key result-key "$INPUT_RESULT_KEY" "$PLACE/result.key"
  saved+=(--result-key "$PLACE/result.key" --result-uri "$INPUT_RESULT_URI")
  saved+=(--vsa "$PLACE/attest.vsa.dsse.json" --svr "$PLACE/attest.svr.dsse.json")
fi
unset INPUT_RESULT_KEY

code=0
"$PYTHON" -I -m attest verify --format github "${saved[@]}" "${words[@]}" || code=$?
printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
"$PYTHON" -I "$here/outputs.py" "$code" "$PLACE/verdict.jsonl" >>"$GITHUB_OUTPUT"
[[ ! -s $PLACE/verdict.txt ]] || cat -- "$PLACE/verdict.txt"

written() { [[ ! -s $2 ]] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }
written sarif "$PLACE/attest.sarif"
written vsa "$PLACE/attest.vsa.dsse.json"
written svr "$PLACE/attest.svr.dsse.json"
