#!/usr/bin/env bash
# Write each evidence bundle as a page that checks itself again: output `report`, a path a line.
set -euo pipefail
shopt -s inherit_errexit

cd -- "$GITHUB_WORKSPACE"
mapfile -d '' -t words <"$PLACE/report-words"
mapfile -d '' -t files <"$PLACE/evidence"
{
  echo 'report<<END-OF-REPORTS'
  for index in "${!files[@]}"; do
    page=$PLACE/report-$((index + 1)).html
    # What is no evidence bundle has no page; the verdict says what it is.
    ! "$PYTHON" -I -m attest report "${words[@]}" -o "$page" -- "${files[index]}" || printf '%s\n' "$page"
  done
  echo END-OF-REPORTS
} >>"$GITHUB_OUTPUT"
