#!/usr/bin/env bash
# launch.sh PLACE PYTHON: be the server, for whoever starts it: under attest as root, who gives it to another user.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/root.sh
. "$here/../shell/root.sh"

place=$1 python=$2
LONGEST_HOLD=30 # seconds
mapfile -d '' -t words <"$place/words"
cd -- "$(<"$place/workspace")"

# measured: whether the running process was, in the newest run; before it starts, only its files are.
measured() {
  "${root[@]}" "$python" -I -m attest log show "$place/held/log" 2>/dev/null |
    awk '/ runtime-event +start/ { p = m = 0 } / runtime-event +process/ { p = 1 } p && / runtime-measurement/ { m = 1 } END { exit !m }'
}

# handed_on: what the client writes, and its end not before the process was measured: a test may be quicker than that,
# and would leave evidence of files alone.
handed_on() {
  cat
  SECONDS=0
  until measured || [[ ! -d /proc/$$ ]] || ((SECONDS > LONGEST_HOLD)); do sleep 0.05; done
}

"${root[@]}" "$python" -I -m attest "${words[@]}" < <(handed_on <&0) &
child=$!

# Nobody but root may signal what sudo started. This process stays, and hands on what it is sent.
# shellcheck disable=SC2329 # the traps call it
signalled() { "${root[@]}" kill -s "$1" -- "$child" || true; }
for signal in TERM INT HUP; do
  # shellcheck disable=SC2064 # the value of now
  trap "signalled $signal" "$signal"
done
while :; do
  code=0
  wait "$child" || code=$?
  [[ -d /proc/$child ]] || break # else a signal ended the wait, not the server
done
printf '%s\n' "$code" >>"$place/codes"
exit "$code"
