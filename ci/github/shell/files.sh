# shellcheck shell=bash
# Which files an input may name. To be sourced, after inputs.sh.

MOST_FILES=256 # of one input: an artifact with more names a directory by mistake

# path_within NAME PATH ROOT...: print the real path of something that lies below one of the roots.
path_within() {
  local name=$1 path=$2 real root
  shift 2
  word "$name" "$path"
  real=$(realpath -e -- "$path" 2>/dev/null) ||
    refuse "input $name: there is no $(shown "$path")" "Check the path, and that an earlier step made or downloaded it."
  word "$name" "$real"
  for root in "$@"; do
    root=$(realpath -e -- "$root")
    if [[ $real == "$root"/* ]]; then
      printf '%s\n' "$real"
      return
    fi
  done
  refuse "input $name: $(shown "$path") lies outside the workspace" "Name a file below the workspace; links that lead out of it do not count."
}

# file_within NAME PATH ROOT...: the same for a regular file that is not empty.
file_within() {
  local real
  real=$(path_within "$@")
  [[ -f $real ]] || refuse "input $1: $(shown "$2") is no regular file" "Name a file."
  [[ -s $real ]] || refuse "input $1: $(shown "$2") is empty" "Look at the step that should have written it."
  printf '%s\n' "$real"
}

# files_of NAME LIST ROOT...: print the files that the patterns of a list match. A pattern without a match is refused.
files_of() {
  local name=$1 list count=0 pattern matches match
  list=$(entries "$1" "$2")
  shift 2
  [[ -n $list ]] || return 0
  shopt -s nullglob globstar
  while IFS= read -r pattern; do
    matches=("$pattern")
    if [[ $pattern == *[*?[]* ]]; then
      local IFS= # names may hold spaces: expand, but do not split
      # shellcheck disable=SC2206 # expanding is the point
      matches=($pattern)
      IFS=$' \t\n'
      ((${#matches[@]})) || refuse "input $name: nothing matches $(shown "$pattern")" "Check the pattern, and that the files were downloaded."
    fi
    for match in "${matches[@]}"; do
      ((++count <= MOST_FILES)) || refuse "input $name names more than $MOST_FILES files" "Name fewer."
      file_within "$name" "$match" "$@"
    done
  done <<<"$list"
}

# pinned NAME PATH SHA256 COPY: copy a file of the workspace, and refuse the copy if it is not what was pinned.
pinned() {
  local real found
  hex "$1-sha256" "$3" 64
  real=$(file_within "$1" "$2" "$GITHUB_WORKSPACE")
  cp -- "$real" "$4"
  found=$(sha256sum <"$4")
  [[ ${found%% *} == "$3" ]] ||
    refuse "input $1: $(shown "$2") has the SHA-256 ${found%% *}, and $1-sha256 says $3" \
      "If its owner changed it, pin the new digest; else find out who did. Never take it from a pull request or from the evidence."
}

# new_file NAME PATH ROOT: print the real path that a new file of the workspace will have. A link is not written through.
new_file() {
  local folder root
  word "$1" "$2"
  root=$(realpath -e -- "$3")
  folder=$(realpath -e -- "$(dirname -- "$2")" 2>/dev/null) || refuse "input $1: no directory for $(shown "$2")" "Make it in an earlier step."
  [[ $folder/ == "$root"/* && ! -L $2 && ! -d $2 && $(basename -- "$2") != -* ]] ||
    refuse "input $1: $(shown "$2") is no new file in the workspace" "Name a file below the workspace."
  printf '%s/%s\n' "$folder" "$(basename -- "$2")"
}
