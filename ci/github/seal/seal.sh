#!/usr/bin/env bash
# Seal, without network. The sealer's key is a file for as long as that takes: output `digest`.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/keys.sh
. "$here/../shell/keys.sh"

cd -- "$GITHUB_WORKSPACE"
trap 'rm -f -- "$PLACE/sealer.key"' EXIT
private_key key "$INPUT_KEY" "$PLACE/sealer.key"
unset INPUT_KEY
mapfile -d '' -t words <"$PLACE/words"
digest=$("$PYTHON" -I -m attest seal "${words[@]}") ||
  refuse "attest seal ended with $?" "What it found is above; docs/ci-github.md says what each input has to hold."
printf 'digest=%s\n' "$digest" >>"$GITHUB_OUTPUT"
