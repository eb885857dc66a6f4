#!/usr/bin/env bash
# Check every input of the gate, and write the arguments of attest verify to PLACE/words, NUL between them.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in refusing inputs files; do
  # shellcheck source=/dev/null
  . "$here/../shell/$part.sh"
done

cd -- "$GITHUB_WORKSPACE"
workspace=$(pwd -P)
words=(--kind evidence-bundle)

# named FLAG NAME LIST: a flag for each file of a list.
named() {
  local found file
  found=$(files_of "$2" "$3" "$workspace")
  while IFS= read -r file; do
    [[ -z $file ]] || words+=("$1" "./${file#"$workspace/"}")
  done <<<"$found"
}

# named_or_digest FLAG NAME LIST: the same, where an entry may be a digest instead.
named_or_digest() {
  local list entry
  list=$(entries "$2" "$3")
  while IFS= read -r entry; do
    if [[ $entry =~ ^(sha256|sha384|sha512|gitCommit):[0-9a-f]+$ ]]; then
      words+=("$1" "$entry")
    elif [[ -n $entry ]]; then
      named "$1" "$2" "$entry"
    fi
  done <<<"$list"
}

# optional FLAG NAME VALUE: one word, where there is one.
optional() {
  [[ -n $3 ]] || return 0
  word "$2" "$3"
  words+=("$1" "$3")
}

# Which trust file and which policy count is pinned by digest where the workflow's owner says so.
pinned trust "$INPUT_TRUST" "$INPUT_TRUST_SHA256" "$PLACE/trust.json"
words+=(--trust "$PLACE/trust.json")
if [[ -n $INPUT_POLICY$INPUT_POLICY_SHA256 ]]; then
  pinned policy "$INPUT_POLICY" "$INPUT_POLICY_SHA256" "$PLACE/policy.toml"
  words+=(--policy "$PLACE/policy.toml")
fi

# What the evidence has to be about.
before=${#words[@]}
named_or_digest --reference reference "$INPUT_REFERENCE"
named_or_digest --artifact artifact "$INPUT_ARTIFACT"
((${#words[@]} > before)) ||
  refuse "neither reference nor artifact is given" "Name the reference that was sealed, or the very files that will be published."

# Of which commit and run: what the start event recorded has to be this.
hex commit "$INPUT_COMMIT" "$([[ ${#INPUT_COMMIT} -eq 64 ]] && echo 64 || echo 40)"
number run-id "$INPUT_RUN_ID"
number run-attempt "$INPUT_RUN_ATTEMPT"
words+=(--context "commit=$INPUT_COMMIT" --context "run=$INPUT_RUN_ID" --context "attempt=$INPUT_RUN_ATTEMPT")
context=$(entries context "$INPUT_CONTEXT")
while IFS= read -r entry; do
  [[ -z $entry || $entry == ?*=* ]] || refuse "input context: $(shown "$entry") is not NAME=VALUE" "Write one NAME=VALUE a line."
  [[ -z $entry ]] || words+=(--context "$entry")
done <<<"$context"

optional --nonce nonce "$INPUT_NONCE"
optional --source-digest source-digest "$INPUT_SOURCE_DIGEST"
optional --source-uri source-uri "$INPUT_SOURCE_URI"
optional --builder-id builder-id "$INPUT_BUILDER_ID"
optional --min-slsa-level min-slsa-level "$INPUT_MIN_SLSA_LEVEL"
optional --tier tier "$INPUT_TIER"
optional --max-evidence-age max-evidence-age "$INPUT_MAX_EVIDENCE_AGE"
named --revocations revocations "$INPUT_REVOCATIONS"
named --expect-checkpoint expect-checkpoint "$INPUT_EXPECT_CHECKPOINT"

evidence=$(files_of evidence "$INPUT_EVIDENCE" "$workspace")
[[ -n $evidence ]] || refuse "input evidence names no file" "Name the bundle that the job with the server uploaded."
words+=(--)
while IFS= read -r file; do
  words+=("./${file#"$workspace/"}")
done <<<"$evidence"

printf '%s\0' "${words[@]}" >"$PLACE/words"
