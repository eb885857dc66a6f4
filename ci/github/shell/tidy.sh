#!/usr/bin/env bash
# Remove what only this action needed: a last step, however it went.
set -euo pipefail

[[ -z $PLACE ]] || rm -rf -- "$PLACE/venv"
