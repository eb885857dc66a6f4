# shellcheck shell=bash
# Arguments of attest, gathered in the array `words`. To be sourced, after files.sh.
# Goes into the workspace, from where relative paths count.

words=()
cd -- "$GITHUB_WORKSPACE" || exit
workspace=$(pwd -P)

# optional FLAG NAME VALUE: one word, where there is one.
optional() {
  [[ -n $3 ]] || return 0
  word "$2" "$3"
  words+=("$1" "$3")
}

# each_of FLAG NAME LIST: a word for each line of a list.
each_of() {
  local list entry
  list=$(entries "$2" "$3")
  while IFS= read -r entry; do
    [[ -z $entry ]] || words+=("$1" "$entry")
  done <<<"$list"
}

# named FLAG NAME LIST [ROOT...]: a flag for each file that a list names, in the workspace or below another root.
named() {
  local found file flag=$1 name=$2 list=$3
  shift 3
  found=$(files_of "$name" "$list" "$workspace" "$@")
  while IFS= read -r file; do
    [[ -z $file ]] || words+=("$flag" "$(shortest "$file")")
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

# settings FLAG NAME LIST: a flag for each NAME=VALUE of a list.
settings() {
  local list entry
  list=$(entries "$2" "$3")
  while IFS= read -r entry; do
    [[ -z $entry || $entry == ?*=* ]] || refuse "input $2: $(shown "$entry") is not NAME=VALUE" "Write one NAME=VALUE a line."
    [[ -z $entry ]] || words+=("$1" "$entry")
  done <<<"$list"
}

# this_run COMMIT RUN ATTEMPT: what the start event records of the job, and the gate compares.
this_run() {
  local digits=40
  [[ ${#1} -ne 64 ]] || digits=64 # a repository with SHA-256
  hex commit "$1" "$digits"
  number run-id "$2"
  number run-attempt "$3"
  word repository "$GITHUB_REPOSITORY"
  words+=(--context "repository=$GITHUB_REPOSITORY" --context "commit=$1" --context "run=$2" --context "attempt=$3")
}

# shortest PATH: relative to the workspace where it lies there, as people know it; never like an option.
shortest() {
  if [[ $1 == "$workspace"/* ]]; then printf './%s\n' "${1#"$workspace/"}"; else printf '%s\n' "$1"; fi
}
