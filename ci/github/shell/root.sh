# shellcheck shell=bash
# What only root may do: hold the writer key where the server cannot read it, and start the server as somebody else.
# To be sourced, after refusing.sh.

# Begins every command as root, with a clean environment: no token, secret or setting of the job reaches it.
root=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
((EUID == 0)) || root=(sudo -n -- "${root[@]}")

# require_root: refuse a runner on which that is not possible.
require_root() {
  "${root[@]}" true 2>/dev/null ||
    refuse "this runner gives neither root nor sudo without a password" \
      "The server has to run as another user than the one that holds the writer key: use a hosted runner, or allow it."
}
