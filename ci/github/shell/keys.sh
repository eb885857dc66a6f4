# shellcheck shell=bash
# Secrets that come as an input. To be sourced, after refusing.sh.

# private_key NAME VALUE FILE: write a private key where only its owner reads it; nothing of it is ever printed.
private_key() {
  [[ $2 == "-----BEGIN PRIVATE KEY-----"$'\n'* ]] ||
    refuse "input $1 is no private key" "Put what attest key new wrote, all lines of it, into a secret, and name that secret."
  (umask 077 && printf '%s\n' "${2%"${2##*[![:space:]]}"}" >"$3")
}
