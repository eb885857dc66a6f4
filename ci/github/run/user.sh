#!/usr/bin/env bash
# Make the user that the server runs as, if there is none: no home, no shell, no group that may do more, no sudo.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/root.sh
. "$here/../shell/root.sh"

require_root
id -u -- "$INPUT_USER" >/dev/null 2>&1 ||
  "${root[@]}" useradd --system --no-create-home --shell /usr/sbin/nologin -- "$INPUT_USER"
uid=$(id -u -- "$INPUT_USER")
((uid != 0 && uid != EUID)) || refuse "user $INPUT_USER is who runs this job" "Name a user of the server's own."

# Dropping to that user the way attest does: neither groups nor capabilities are kept.
as_server=(setpriv --reuid "$uid" --regid "$(id -g -- "$INPUT_USER")" --clear-groups --no-new-privs)
"${root[@]}" "${as_server[@]}" test -x "$GITHUB_WORKSPACE" ||
  refuse "user $INPUT_USER cannot reach the workspace" "Let others pass (chmod o+x) in each directory above it, or install the server elsewhere and say so with root."
if "${root[@]}" "${as_server[@]}" sudo -n true 2>/dev/null; then
  refuse "user $INPUT_USER may use sudo" "Name a user that may not."
fi
