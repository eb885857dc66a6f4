#!/usr/bin/env bash
# Check every input of a seal, and write the arguments of attest seal to PLACE/words, NUL between them.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=ci/github/shell/refusing.sh
. "$here/../shell/refusing.sh"
# shellcheck source=ci/github/shell/inputs.sh
. "$here/../shell/inputs.sh"
# shellcheck source=ci/github/shell/files.sh
. "$here/../shell/files.sh"
# shellcheck source=ci/github/shell/words.sh
. "$here/../shell/words.sh"

pinned trust "$INPUT_TRUST" "$INPUT_TRUST_SHA256" "$PLACE/trust.json"
words+=(--trust "$PLACE/trust.json" --key "$PLACE/sealer.key")
output=$(new_file output "$INPUT_OUTPUT" "$workspace")
words+=(-o "$output")

# What was built, and what says so. Attestations may lie where actions/attest leaves them.
named --artifact artifact "$INPUT_ARTIFACT"
before=${#words[@]}
named --provenance provenance "$INPUT_PROVENANCE" "$RUNNER_TEMP"
if ((${#words[@]} > before)); then optional --source-digest source-digest "$INPUT_SOURCE_DIGEST"; fi
named --sbom sbom "$INPUT_SBOM" "$RUNNER_TEMP"
named --lock lock "$INPUT_LOCK"
named --runtime runtime "$INPUT_RUNTIME"
named --tools tools "$INPUT_TOOLS"

optional --name name "$INPUT_NAME"
optional --source-uri source-uri "$INPUT_SOURCE_URI"
optional --builder-id builder-id "$INPUT_BUILDER_ID"
optional --min-slsa-level min-slsa-level "$INPUT_MIN_SLSA_LEVEL"
optional --cycle cycle "$INPUT_CYCLE"
optional --max-gap max-gap "$INPUT_MAX_GAP"
optional --on-drift on-drift "$INPUT_ON_DRIFT"
optional --min-binding min-binding "$INPUT_MIN_BINDING"
optional --min-isolation min-isolation "$INPUT_MIN_ISOLATION"
each_of --allow-site allow-site "$INPUT_ALLOW_SITE"
each_of --mutable mutable "$INPUT_MUTABLE"

trees=$(entries tree "$INPUT_TREE")
[[ -n $trees ]] || refuse "input tree is empty" "Name what is installed and will run: a directory or file of the workspace."
while IFS= read -r tree; do
  real=$(path_within tree "$tree" "$workspace")
  words+=("$(shortest "$real")")
done <<<"$trees"

# The command's own words may begin with '-': nothing after -- is an option.
[[ $INPUT_COMMAND != *[$'\001'-$'\011'$'\013'-$'\037'$'\177']* && -n $INPUT_COMMAND ]] ||
  refuse "input command is empty or holds a control character" "Write the server's command, a word a line."
words+=(--)
while IFS= read -r entry; do
  [[ -z $entry ]] || words+=("$entry")
done <<<"$INPUT_COMMAND"

printf '%s\0' "${words[@]}" >"$PLACE/words"
printf 'reference=%s\n' "$(shortest "$output")" >>"$GITHUB_OUTPUT"
