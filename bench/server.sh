# Sourced by scripts that start a server afresh for each measurement and end it afterwards: one at a time, in a folder for results that is gone
# when the script ends.
. bench/ports.sh

results=$(mktemp -d)
server_pid=

# start_server NAME PORT COMMAND...: the command is told the port by $PORT too. Ends the script where nothing listens then.
start_server() {
  local name=$1 port=$2
  shift 2
  (cd "$results" && PORT=$port NODE_ENV=production exec setsid "$@") > "$results/$name.log" 2>&1 &
  server_pid=$!
  ! await_port "$port" || return 0
  printf '%s does not listen\n' "$name" >&2
  cat "$results/$name.log" >&2
  exit 1
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  # Its whole group, which nobody else is in.
  kill -- "-$server_pid" 2> /dev/null || true
  wait "$server_pid" 2> /dev/null || true
  server_pid=
}

trap 'stop_server; rm -rf "$results"' EXIT
trap 'exit 130' INT TERM

ulimit -n "$(ulimit -Hn)"
