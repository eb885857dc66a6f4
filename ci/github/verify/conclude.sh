#!/usr/bin/env bash
# End as the verdict says: the last step, when everything is written.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"

[[ $EXIT_CODE == 0 && $VERDICT == PASSED ]] ||
  refuse "the gate is closed: attest verify ended with ${EXIT_CODE:-nothing}" "What failed, and what to do, is in the annotations, the summary and the report."
