#!/usr/bin/env bash
# client.sh COMMAND...: starts a server, calls its tool, stays a moment after the answer, and lets it end.
trap '' PIPE
coproc SERVER { "$@"; }
server=$SERVER_PID to=${SERVER[1]}
exec {from}<&"${SERVER[0]}"

ask() {
  echo "$1" >&"$to" && read -r answer <&"$from" && echo "$answer"
}

ask '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}' &&
  ask '{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "time", "arguments": {}}}' &&
  sleep 1
exec {to}>&-
wait "$server"
