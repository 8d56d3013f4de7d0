#!/usr/bin/env bash
# Measures the gateway and its peers, one after the other, under the same load, and prints a table in Markdown.
#
#   bench/compare.sh                                        all servers, the usual scenarios
#   bench/compare.sh --servers "gateway bun" --scenarios "fanout echo" --seconds 5
#   bench/compare.sh --write                                puts the table into docs/performance.md
#
# Each server is started fresh for each scenario, on a free port of 127.0.0.1, and ended afterwards. The load runner shares the
# machine with it: ratios within one run hold, absolute figures are those of this machine on this day.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bench/server.sh

all_servers="gateway bun ws aspnet signalr socketio"
all_scenarios="echo fanout fanout16 channels rate idle"
servers=$all_servers
scenarios=$all_scenarios
seconds=3
warmup=2
connections=10000
# The other half of the cores is the server's.
threads=$((($(nproc) + 1) / 2))
write=

usage() {
  printf 'usage: bench/compare.sh [--servers "%s"]\n         [--scenarios "%s echo16 fanout10k"]\n         [--seconds N] [--warmup N] [--connections N, of idle] [--threads N] [--write]\n' "$all_servers" "$all_scenarios" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  [ "$1" = --write ] || [ $# -gt 1 ] || usage
  case $1 in
    --servers) servers=$2; shift ;;
    --scenarios) scenarios=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --warmup) warmup=$2; shift ;;
    --connections) connections=$2; shift ;;
    --threads) threads=$2; shift ;;
    --write) write=yes ;;
    *) usage ;;
  esac
  shift
done
for server in $servers; do [[ " $all_servers " == *" $server "* ]] || usage; done
for scenario in $scenarios; do [[ " $all_scenarios echo16 fanout10k " == *" $scenario "* ]] || usage; done

{
  dotnet build -c Release src/Gateway --nologo -v quiet
  dotnet build -c Release load --nologo -v quiet
  case " $servers " in *" aspnet "* | *" signalr "*) dotnet build -c Release bench/peers/aspnet --nologo -v quiet ;; esac
  case " $servers " in *" bun "* | *" ws "* | *" socketio "*) npm ci --prefix bench/peers --no-audit --no-fund ;; esac
} >&2
root=$PWD
peers=$root/bench/peers

start_peer() {
  local name=$1 port=$2 command
  case $name in
    gateway)
      command=(
        dotnet "$root/src/Gateway/bin/Release/net10.0/Gateway.dll" "--Gateway:Public=http://127.0.0.1:$port" "--Gateway:Internal=http://127.0.0.1:$(free_port)"
        --Gateway:Diagnostics:Echo=true --Gateway:Drain:Duration=00:00:00 "${gateway_open[@]}"
      ) ;;
    bun) command=("$peers/node_modules/.bin/bun" "$peers/bun.js") ;;
    ws) command=(node "$peers/ws.js") ;;
    socketio) command=(node "$peers/socketio.js") ;;
    aspnet | signalr) command=(dotnet "$peers/aspnet/bin/Release/net10.0/Gateway.Bench.Peers.dll") ;;
  esac
  start_server "$name" "$port" "${command[@]}"
}

measure() {
  local scenario=$1 name=$2 port=$3 dialect=plain echo=/echo channels=/ws command
  case $name in
    gateway) [[ $scenario == echo* ]] || dialect=gateway ;;
    signalr) dialect=signalr echo=/hub channels=/hub ;;
    socketio) dialect=socketio echo='/socket.io/?EIO=4&transport=websocket' channels='/socket.io/?EIO=4&transport=websocket' ;;
  esac
  local timed=(--seconds "$seconds" --warmup "$warmup")
  case $scenario in
    echo) command=(echo "${timed[@]}" --connections 100) ;;
    echo16) command=(echo "${timed[@]}" --connections 100 --in-flight 16) ;;
    fanout) command=(fanout "${timed[@]}" --connections 1000) ;;
    fanout16) command=(fanout "${timed[@]}" --connections 1000 --in-flight 16) ;;
    fanout10k) command=(fanout "${timed[@]}" --connections 10000) ;;
    channels) command=(channels "${timed[@]}" --connections 1000 --channels 100 --in-flight 100) ;;
    rate) command=(fanout "${timed[@]}" --connections 1000 --rate 100) ;;
    # Long enough for a server that gives back what connecting needed.
    idle) command=(idle --seconds 5 --connections "$connections") ;;
  esac
  local path=$channels
  [ "${command[0]}" != echo ] || path=$echo
  dotnet load/bin/Release/net10.0/Gateway.Load.dll "${command[@]}" --url "ws://127.0.0.1:$port$path" --dialect "$dialect" --threads "$threads" --pid "$server_pid" --json
}

failed=0
for scenario in $scenarios; do
  for name in $servers; do
    printf '%s %s\n' "$scenario" "$name" >&2
    port=$(free_port)
    start_peer "$name" "$port"
    measure "$scenario" "$name" "$port" > "$results/$scenario.$name.json" || failed=1
    stop_server
  done
done

node bench/peers/table.js "$results" "$servers" "$scenarios" ${write:+docs/performance.md}
exit "$failed"
