# shellcheck shell=bash
# What is not taken becomes an annotation that says what to do, and exit code 2. To be sourced.

# escaped TEXT: the text as a workflow command's message may hold it.
escaped() {
  local text=$1
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}

# refuse WHAT HINT: on standard error, because inside $(...) standard output is the caller's value. Both are read.
refuse() {
  printf '::error title=mcp-attest::%s. %s\n' "$(escaped "$1")" "$(escaped "$2")" >&2
  exit 2
}

# shown VALUE: what a message may repeat of a value that nobody vouches for: one line, and not much of it.
shown() {
  local text
  printf -v text '%q' "$1"
  if ((${#text} > 120)); then text="${text:0:117}..."; fi
  printf '%s' "$text"
}
