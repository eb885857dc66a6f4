#!/usr/bin/env bash
# Make the writer key of this job, where root alone reads it until the evidence is written: output `public-key`, which the
# platform is to certify. A key that comes as an input goes there, too.
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
"${root[@]}" "$PYTHON" -I -c "" ||
  refuse "the Python of this job does not run without the job's variables" \
    "Use the system's, or one that finds its own library: as root nothing of the environment is kept, LD_LIBRARY_PATH neither."
"${root[@]}" mkdir -m 0700 -- "$PLACE/held"
if [[ -n $INPUT_WRITER_KEY ]]; then
  trap 'rm -f -- "$PLACE/writer.key"' EXIT
  private_key writer-key "$INPUT_WRITER_KEY" "$PLACE/writer.key"
  "${root[@]}" install -m 0600 -- "$PLACE/writer.key" "$PLACE/held/writer.key"
else
  "${root[@]}" "$PYTHON" -I -m attest key new "$PLACE/held/writer.key"
  "${root[@]}" install -m 0644 -- "$PLACE/held/writer.key.pub" "$PLACE/writer.key.pub"
  printf 'public-key=%s\n' "$PLACE/writer.key.pub" >>"$GITHUB_OUTPUT"
fi
