#!/usr/bin/env bash
# Export what was measured, and destroy the writer key: output `evidence`.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/root.sh
. "$here/../shell/root.sh"

trap '"${root[@]}" rm -rf -- "$PLACE/held"' EXIT
"${root[@]}" test -d "$PLACE/held/log" ||
  refuse "nothing was measured" "The client never started the server: its command is in the variable MCP_SERVER."
"${root[@]}" "$PYTHON" -I -m attest bundle "$PLACE/held/log" --tier "$INPUT_TIER" -o "$PLACE/held/evidence.jsonl.gz" ||
  refuse "the log could not be exported" "What attest bundle said is above."
"${root[@]}" install -m 0644 -- "$PLACE/held/evidence.jsonl.gz" "$PLACE/evidence.jsonl.gz"
printf 'evidence=%s\n' "$PLACE/evidence.jsonl.gz" >>"$GITHUB_OUTPUT"
