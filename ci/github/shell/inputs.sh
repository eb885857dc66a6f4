# shellcheck shell=bash
# Inputs come through the environment and are text that anybody may have written. To be sourced, after refusing.sh.

# word NAME VALUE: refuse what could be taken for an option or for a second line.
word() {
  [[ -n $2 ]] || refuse "input $1 is empty" "Set it, or leave it out where it has a default. A protected variable of the CI is empty on branches and environments that are not its own."
  [[ $2 != -* ]] || refuse "input $1 starts with '-': $(shown "$2")" "Values are never options: write ./NAME for a file of such a name."
  [[ $2 != *[[:cntrl:]]* ]] || refuse "input $1 holds a control character: $(shown "$2")" "Give one value, on one line."
}

# hex NAME VALUE DIGITS: refuse anything but that many lower-case hexadecimal digits.
hex() {
  word "$1" "$2"
  [[ ${#2} -eq $3 && $2 != *[!0-9a-f]* ]] ||
    refuse "input $1 is $(shown "$2"), not $3 lower-case hexadecimal digits" "Write it as sha256sum and git rev-parse print it."
}

# number NAME VALUE: refuse anything but decimal digits.
number() {
  word "$1" "$2"
  [[ $2 != *[!0-9]* && ${#2} -le 18 ]] || refuse "input $1 is $(shown "$2"), not a number" "Write decimal digits alone."
}

# entries NAME VALUE: print the lines of a list without the blank ones, each a word.
entries() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line#"${line%%[! ]*}"}
    line=${line%"${line##*[! ]}"}
    [[ -n $line ]] || continue
    word "$1" "$line"
    printf '%s\n' "$line"
  done <<<"$2"
}
