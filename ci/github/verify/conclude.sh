#!/usr/bin/env bash
# Remove what only this action needs, and end as the verdict says: the last step, when everything is written.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"

rm -rf -- "${PLACE:?}/venv"
[[ $EXIT_CODE == 0 && $VERDICT == PASSED ]] ||
  refuse "the gate is closed: attest verify ended with ${EXIT_CODE:-nothing}" "The annotations before this one say which check failed, and what to do."
