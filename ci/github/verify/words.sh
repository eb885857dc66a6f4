#!/usr/bin/env bash
# Check every input of the gate, and write the arguments of attest verify to PLACE/words, NUL between them.
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

# Which trust file and which policy count is pinned by digest, where the workflow's owner says so.
pinned trust "$INPUT_TRUST" "$INPUT_TRUST_SHA256" "$PLACE/trust.json"
words+=(--trust "$PLACE/trust.json")

# What the evidence has to be about.
before=${#words[@]}
named_or_digest --reference reference "$INPUT_REFERENCE"
named_or_digest --artifact artifact "$INPUT_ARTIFACT"
((${#words[@]} > before)) ||
  refuse "neither reference nor artifact is given" "Name the reference that was sealed, or the very files that will be published."

optional --max-evidence-age max-evidence-age "$INPUT_MAX_EVIDENCE_AGE"
words+=(--kind evidence-bundle)

# Of which commit and run: what the start event recorded has to be this.
this_run "$INPUT_COMMIT" "$INPUT_RUN_ID" "$INPUT_RUN_ATTEMPT"
settings --context context "$INPUT_CONTEXT"

optional --nonce nonce "$INPUT_NONCE"
optional --source-digest source-digest "$INPUT_SOURCE_DIGEST"
optional --source-uri source-uri "$INPUT_SOURCE_URI"
optional --builder-id builder-id "$INPUT_BUILDER_ID"
optional --min-slsa-level min-slsa-level "$INPUT_MIN_SLSA_LEVEL"
optional --tier tier "$INPUT_TIER"
named --revocations revocations "$INPUT_REVOCATIONS"
named --expect-checkpoint expect-checkpoint "$INPUT_EXPECT_CHECKPOINT"

evidence=$(files_of evidence "$INPUT_EVIDENCE" "$workspace")
[[ -n $evidence ]] || refuse "input evidence names no file" "Name the bundle that the job with the server uploaded."
files=()
while IFS= read -r file; do
  files+=("$(shortest "$file")")
done <<<"$evidence"

# A page is about one file: what a policy demands of several together, none of their pages can judge.
reported=("${words[@]}")
if [[ -n $INPUT_POLICY$INPUT_POLICY_SHA256 ]]; then
  pinned policy "$INPUT_POLICY" "$INPUT_POLICY_SHA256" "$PLACE/policy.toml"
  words+=(--policy "$PLACE/policy.toml")
  ((${#files[@]} > 1)) || reported=("${words[@]}")
fi

printf '%s\0' "${reported[@]}" >"$PLACE/report-words"
printf '%s\0' "${files[@]}" >"$PLACE/evidence"
printf '%s\0' "${words[@]}" -- "${files[@]}" >"$PLACE/words"
