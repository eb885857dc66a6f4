#!/usr/bin/env bash
# Check every input of a run, and write the arguments of attest run, portal or agent to PLACE/words, NUL between them.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/inputs.sh
. "$here/../shell/inputs.sh"
# shellcheck source=ci/github/shell/files.sh
. "$here/../shell/files.sh"
# shellcheck source=ci/github/shell/words.sh
. "$here/../shell/words.sh"

case $INPUT_MODE in
  run | portal) words+=("$INPUT_MODE") ;;
  background) words+=(run) ;;
  agent) words+=(agent --pid auto) ;;
  *) refuse "input mode is $(shown "$INPUT_MODE")" "Write run, portal, background or agent." ;;
esac
[[ -n $INPUT_CLIENT ]] || refuse "input client is empty" "Write the commands that test the server."
word user "$INPUT_USER"
[[ $INPUT_USER != *[!a-z0-9_-]* && ${#INPUT_USER} -le 32 && $INPUT_USER != root ]] ||
  refuse "input user is $(shown "$INPUT_USER")" "Name a user of the server's own, in lower-case letters, digits, - and _; not root."
[[ $INPUT_MODE == agent ]] || words+=(--user "$INPUT_USER")
case $INPUT_TIER in
  structural | receipts | full) ;;
  *) refuse "input tier is $(shown "$INPUT_TIER")" "Write structural, receipts or full." ;;
esac
if [[ -n $INPUT_WAIT_FOR ]]; then
  [[ $INPUT_WAIT_FOR =~ ^(127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}$ ]] ||
    refuse "input wait-for is $(shown "$INPUT_WAIT_FOR")" "Write 127.0.0.1:PORT."
fi

pinned trust "$INPUT_TRUST" "$INPUT_TRUST_SHA256" "$PLACE/trust.json"
words+=(--trust "$PLACE/trust.json" --key "$PLACE/held/writer.key" --log "$PLACE/held/log")
this_run "$INPUT_COMMIT" "$INPUT_RUN_ID" "$INPUT_RUN_ATTEMPT"
settings --context context "$INPUT_CONTEXT"
settings --root root "$INPUT_ROOT"
optional --nonce nonce "$INPUT_NONCE"
optional --cycle cycle "$INPUT_CYCLE"
named --revocations revocations "$INPUT_REVOCATIONS"
named --key-attestation key-attestation "$INPUT_KEY_ATTESTATION" "$RUNNER_TEMP"

references=$(files_of reference "$INPUT_REFERENCE" "$workspace")
[[ -n $references ]] || refuse "input reference names no file" "Name the reference that the action seal wrote."
if [[ $INPUT_MODE != agent ]]; then
  [[ $references != *$'\n'* ]] || refuse "input reference names several files" "One server is started at a time: use the action once for each."
  named --runtime-ref runtime "$INPUT_RUNTIME"
fi
while IFS= read -r file; do
  words+=("$(shortest "$file")")
done <<<"$references"

printf '%s\0' "${words[@]}" >"$PLACE/words"
