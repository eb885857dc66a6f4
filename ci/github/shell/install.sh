#!/usr/bin/env bash
# Install mcp-attest, as checked out with this action, and what it is pinned to, into PLACE/venv: output `python`.
# The last step that uses the network. Nothing of the caller's Python is used but the interpreter.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/refusing.sh"

root=$(cd -- "$here/../../.." && pwd -P)
python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  refuse "there is no Python 3.11 or newer" "Put actions/setup-python before this action."

venv=$PLACE/venv
pip=(python3 -I -m pip --python "$venv" --quiet --disable-pip-version-check --no-input)
if python3 -I -m venv --without-pip -- "$venv" && "${pip[@]}" --version >/dev/null 2>&1; then
  : # the interpreter's own pip does it; one of its own for the environment would take 3 s more
else
  python3 -I -m venv --clear -- "$venv" || refuse "python3 cannot make a virtual environment" "Install python3-venv on this runner."
  pip=("$venv/bin/python" -I -m pip "${pip[@]:6}")
fi

# The files name the whole closure with hashes, so that no resolver chooses anything, whichever index answers. What is
# used is compiled when it is used, and what is not, never.
"${pip[@]}" install --no-compile --require-hashes --only-binary :all: --no-deps \
  -r "$root/requirements/build.txt" -r "$root/requirements/core.txt" ||
  refuse "the pinned packages could not be installed" "See pip's message above: an index that cannot be reached, or one that serves other bytes."
"${pip[@]}" install --no-compile --no-index --no-deps --no-build-isolation "$root"

printf 'python=%s\n' "$venv/bin/python" >>"$GITHUB_OUTPUT"
