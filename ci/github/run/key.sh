#!/usr/bin/env bash
# Put the writer key where root alone reads it, until the evidence is written. Nothing of the job's sees it again.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/keys.sh
. "$here/../shell/keys.sh"
# shellcheck source=ci/github/shell/root.sh
. "$here/../shell/root.sh"

require_root
private_key writer-key "$INPUT_WRITER_KEY" "$PLACE/writer.key"
trap 'rm -f -- "$PLACE/writer.key"' EXIT
"${root[@]}" mkdir -m 0700 -- "$PLACE/held"
"${root[@]}" install -m 0600 -- "$PLACE/writer.key" "$PLACE/held/writer.key"
