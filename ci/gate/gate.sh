#!/usr/bin/env bash
# The gate for every CI that runs a shell: checks what it is told, judges without network, writes reports, and ends with
# the exit code of attest verify; 2 if it was told something that it does not take. All of it comes by the environment:
#
#   ATTEST_EVIDENCE          evidence bundles, a path or pattern a line
#   ATTEST_TRUST             the trust file, and ATTEST_TRUST_SHA256 its digest, kept where a change of the sources cannot reach
#   ATTEST_REFERENCE         what the evidence has to be about: references as files, or sha256:HEX, one a line;
#   ATTEST_ARTIFACT          or the very files that will be published, a path or pattern a line; at least one of both
#   ATTEST_COMMIT            the commit and
#   ATTEST_RUN               the run of the CI that the start of the measured run has to have recorded (--context)
#   ATTEST_NONCE             the nonce that the run was given                                               (may be empty)
#   ATTEST_POLICY            a gate policy, and ATTEST_POLICY_SHA256 its digest                              (may be empty)
#   ATTEST_MAX_EVIDENCE_AGE  how old the newest evidence may be, in seconds                                  (86400)
#   ATTEST_REPORTS           a folder for the reports, made if it is missing                                 (attest-reports)
#   ATTEST_WORKSPACE         below which every file has to lie                                               (the current directory)
set -euo pipefail
shopt -s inherit_errexit
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

# refuse WHAT HINT: say it as every log shows it, and end. Before the parts, which call it.
refuse() {
  printf 'attest gate: %s\nhint: %s\n' "$1" "$2" >&2
  exit 2
}

# shellcheck disable=SC2329 # the parts call it
# shown VALUE: what a message may repeat of a value that nobody vouches for: one line, and not much of it.
shown() {
  local text
  printf -v text '%q' "$1"
  if ((${#text} > 120)); then text="${text:0:117}..."; fi
  printf '%s' "$text"
}

for part in inputs files; do
  # shellcheck source=/dev/null
  . "$here/../github/shell/$part.sh"
done

cd -- "${ATTEST_WORKSPACE:-.}"
workspace=$(pwd -P)
export GITHUB_WORKSPACE=$workspace # by this name the parts know it
place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
words=(--kind evidence-bundle)

# about FLAG NAME LIST: files, or digests where an entry is one.
about() {
  local list entry found file
  list=$(entries "$2" "$3")
  while IFS= read -r entry; do
    if [[ $entry =~ ^(sha256|sha384|sha512):[0-9a-f]+$ ]]; then
      words+=("$1" "$entry")
    elif [[ -n $entry ]]; then
      found=$(files_of "$2" "$entry" "$workspace")
      while IFS= read -r file; do words+=("$1" "./${file#"$workspace/"}"); done <<<"$found"
    fi
  done <<<"$list"
}

pinned trust "${ATTEST_TRUST:-}" "${ATTEST_TRUST_SHA256:-}" "$place/trust.json"
words+=(--trust "$place/trust.json")
if [[ -n ${ATTEST_POLICY:-}${ATTEST_POLICY_SHA256:-} ]]; then
  pinned policy "${ATTEST_POLICY:-}" "${ATTEST_POLICY_SHA256:-}" "$place/policy.toml"
  words+=(--policy "$place/policy.toml")
fi

before=${#words[@]}
about --reference reference "${ATTEST_REFERENCE:-}"
about --artifact artifact "${ATTEST_ARTIFACT:-}"
((${#words[@]} > before)) ||
  refuse "neither reference nor artifact is given" "Name the reference that was sealed, or the very files that will be published."

hex commit "${ATTEST_COMMIT:-}" "$([[ ${#ATTEST_COMMIT} -eq 64 ]] && echo 64 || echo 40)"
word run "${ATTEST_RUN:-}"
words+=(--context "commit=$ATTEST_COMMIT" --context "run=$ATTEST_RUN")
if [[ -n ${ATTEST_NONCE:-} ]]; then
  word nonce "$ATTEST_NONCE"
  words+=(--nonce "$ATTEST_NONCE")
fi
number max-evidence-age "${ATTEST_MAX_EVIDENCE_AGE:-86400}"
words+=(--max-evidence-age "${ATTEST_MAX_EVIDENCE_AGE:-86400}")

reports=${ATTEST_REPORTS:-attest-reports}
word reports "$reports"
mkdir -p -- "$reports"
reports=$(path_within reports "$reports" "$workspace")
for report in json=verdict.jsonl junit=junit.xml sarif=attest.sarif markdown=summary.md; do
  rm -f -- "$reports/${report#*=}" # what another run left behind says nothing about this one
  words+=(--save "${report%%=*}=$reports/${report#*=}")
done

evidence=$(files_of evidence "${ATTEST_EVIDENCE:-}" "$workspace")
[[ -n $evidence ]] || refuse "input evidence names no file" "Name the bundle that the job with the server left behind."
words+=(--)
while IFS= read -r file; do words+=("./${file#"$workspace/"}"); done <<<"$evidence"

code=0
attest verify "${words[@]}" || code=$?
exit "$code"
