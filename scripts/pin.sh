#!/usr/bin/env bash
# Pin the requirement files again from their *.in files: bash scripts/pin.sh [--upgrade]
#
# Needs uv and npm on the PATH. No header, no index option and no `resolved` is written, so that no file names where
# its author's packages came from; the hashes say which archives are meant, wherever they are found.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PIP_FIND_LINKS UV_FIND_LINKS

pin() {
  uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links "${@:3}" \
    "requirements/$1.in" --output-file "$2"
}

pin build requirements/build.txt "$@"
pin core requirements/core.txt "$@"
pin dev requirements/dev.txt "$@"
pin docs requirements/docs.txt "$@"
pin fuzz requirements/fuzz.txt "$@"
pin demo attest/demo/requirements.txt "$@"

[[ "${1:-}" != --upgrade ]] || rm attest/demo/package-lock.json
(cd attest/demo && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund)
