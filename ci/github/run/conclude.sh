#!/usr/bin/env bash
# End as the client did, when the evidence is written: also of a test that failed there is evidence.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"

[[ $CLIENT_EXIT_CODE == 0 ]] || refuse "the client ended with $CLIENT_EXIT_CODE" "What it said is above."
[[ -z $MISMATCH ]] ||
  refuse "the server, or attest about it, ended with 1" "If something did not match what was sealed, what it was is above and in the evidence."
