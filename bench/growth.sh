#!/usr/bin/env bash
# Measures how the gateway's cost grows with subscribers, channels, message size and cores, and draws it: docs/performance/*.svg and a
# table on standard output.
#
#   bench/growth.sh                     everything, in about four minutes
#   bench/growth.sh --seconds 10        longer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bench/server.sh

seconds=2
[ "${1:-}" != --seconds ] || seconds=$2
dotnet build -c Release src/Gateway --nologo -v quiet >&2
dotnet build -c Release load --nologo -v quiet >&2

# run SERIES X CORES SCENARIO OPTION...: a fresh gateway for each point.
run() {
  local series=$1 x=$2 cores=$3 port
  shift 3
  port=$(free_port)
  start_server server "$port" taskset -c "$cores" dotnet "$PWD/src/Gateway/bin/Release/net10.0/Gateway.dll" "--Gateway:Public=http://127.0.0.1:$port" \
    "--Gateway:Internal=http://127.0.0.1:$(free_port)" --Gateway:Drain:Duration=00:00:00 "${gateway_open[@]}"
  printf '%s %s\n' "$series" "$x" >&2
  dotnet load/bin/Release/net10.0/Gateway.Load.dll "$@" --url "ws://127.0.0.1:$port/ws" --pid "$server_pid" --warmup 2 --seconds "$seconds" --json \
    > "$results/$series.$x.json"
  stop_server
}

all=0-$(($(nproc) - 1))
for subscribers in 10 100 1000 5000 15000; do run subscribers "$subscribers" "$all" fanout --connections "$subscribers" --in-flight 4; done
for channels in 1 10 100 1000; do run channels "$channels" "$all" channels --connections 1000 --channels "$channels" --in-flight 100; done
for bytes in 33 256 1024 4096 16384 65000; do run bytes "$bytes" "$all" fanout --connections 100 --in-flight 4 --bytes "$bytes"; done
for ((cores = 1; cores <= $(nproc); cores *= 2)); do run cores "$cores" "0-$((cores - 1))" fanout --connections 1000 --in-flight 16; done

node bench/growth.js "$results" docs/performance
