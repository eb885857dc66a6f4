#!/usr/bin/env bash
# Run the client's commands against the measured server, and end what was started for them: output `client-exit-code`.
# The client finds the server's command in MCP_SERVER, and nothing of what the job may do: no token, no file of commands.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/root.sh
. "$here/../shell/root.sh"

LONGEST_START=60 # seconds until a server listens, or an agent has measured
[[ -z $CERTIFICATE ]] || printf '%s\0' --key-attestation "$CERTIFICATE" >>"$PLACE/words"
realpath -e -- "$GITHUB_WORKSPACE" >"$PLACE/workspace"
printf '#!/usr/bin/env bash\nexec bash %q %q %q\n' "$here/launch.sh" "$PLACE" "$PYTHON" >"$PLACE/server"
chmod 0700 -- "$PLACE/server"

# ready: whether what runs in the background can be used.
ready() {
  if [[ $INPUT_MODE == agent ]]; then
    "${root[@]}" "$PYTHON" -I -m attest agent --status --log "$PLACE/held/log" >/dev/null 2>&1
  else
    [[ -z $INPUT_WAIT_FOR ]] || (exec 3<>"/dev/tcp/${INPUT_WAIT_FOR%:*}/${INPUT_WAIT_FOR##*:}") 2>/dev/null
  fi
}

child=
end_child() {
  [[ -n $child ]] || return 0
  kill -s TERM -- "$child" 2>/dev/null || true
  wait "$child" || true
  child=
}
trap end_child EXIT
if [[ $INPUT_MODE == background || $INPUT_MODE == agent ]]; then
  "$PLACE/server" </dev/null &
  child=$!
  SECONDS=0
  until ready; do
    [[ -d /proc/$child ]] || refuse "the $INPUT_MODE ended before it was ready" "What it said is above."
    ((SECONDS < LONGEST_START)) || refuse "after $LONGEST_START s the $INPUT_MODE is not ready" "Look at wait-for, and at what it said above."
    sleep 0.1
  done
fi

hidden=()
for name in $(compgen -e); do
  case $name in
    ACTIONS_* | *TOKEN* | INPUT_* | GITHUB_ENV | GITHUB_PATH | GITHUB_OUTPUT | GITHUB_STATE | CERTIFICATE | PLACE | PYTHON)
      hidden+=(-u "$name")
      ;;
  esac
done
code=0
env "${hidden[@]}" MCP_SERVER="$PLACE/server" bash --noprofile --norc -euo pipefail -c "$INPUT_CLIENT" || code=$?
end_child
printf 'client-exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
if [[ -e $PLACE/codes ]] && grep -qx 1 "$PLACE/codes"; then printf 'mismatch=yes\n' >>"$GITHUB_OUTPUT"; fi
