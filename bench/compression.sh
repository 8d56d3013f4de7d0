#!/usr/bin/env bash
# Measures a fan-out with and without compression: the gateway, and ws and Bun with theirs, one after the other under the same load.
#
#   bench/compression.sh                              1,000 subscribers of 1 KB of JSON
#   bench/compression.sh --subscribers 100 --bytes 16384 --seconds 5
#   bench/compression.sh --gateway "/srv/gateway/Gateway --Gateway:Transport:Kind=sockets"
#   bench/compression.sh --no-build                   what was built before
#   bench/compression.sh --write                      puts the table into docs/performance.md
#
# Server CPU per delivery, bytes on the wire per delivery (of all that clients receive), and the server's memory under load. Each server is
# started fresh; the load runner shares the machine with it, so ratios within one run hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bench/server.sh

subscribers=1000
bytes=1024
seconds=3
warmup=2
gateway=
build=yes
write=

usage() {
  printf 'usage: bench/compression.sh [--subscribers N] [--bytes N] [--seconds N] [--warmup N] [--gateway "COMMAND"] [--no-build] [--write]\n' >&2
  exit 2
}

while [ $# -gt 0 ]; do
  [[ $1 = --write || $1 = --no-build || $# -gt 1 ]] || usage
  case $1 in
    --subscribers) subscribers=$2; shift ;;
    --bytes) bytes=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    --warmup) warmup=$2; shift ;;
    --gateway) gateway=$2; shift ;;
    --no-build) build= ;;
    --write) write=yes ;;
    *) usage ;;
  esac
  shift
done

if [ -n "$build" ]; then
  [ -n "$gateway" ] || dotnet build -c Release src/Gateway --nologo -v quiet
  dotnet build -c Release load --nologo -v quiet
  npm ci --prefix bench/peers --no-audit --no-fund
fi >&2
root=$PWD
peers=$root/bench/peers
[ -n "$gateway" ] || gateway="dotnet $root/src/Gateway/bin/Release/net10.0/Gateway.dll"

# Name in the table, server, and percent of the subscribers that compress.
measure() {
  local name=$1 server=$2 percent=$3 dialect=plain port command
  port=$(free_port)
  printf '%s\n' "$name" >&2
  case $server in
    gateway)
      dialect=gateway
      # A command line may have several words.
      # shellcheck disable=SC2206
      command=($gateway "--Gateway:Public=http://127.0.0.1:$port" "--Gateway:Internal=http://127.0.0.1:$(free_port)"
        --Gateway:Drain:Duration=00:00:00 "${gateway_open[@]}")
      ;;
    ws) command=(node "$peers/ws.js") ;;
    bun) command=("$peers/node_modules/.bin/bun" "$peers/bun.js") ;;
  esac
  [ "$percent" = 0 ] || export COMPRESS=yes
  start_server "$server" "$port" "${command[@]}"
  unset COMPRESS
  dotnet load/bin/Release/net10.0/Gateway.Load.dll fanout --url "ws://127.0.0.1:$port/ws" --dialect "$dialect" --connections "$subscribers" \
    --bytes "$bytes" --compress "$percent" --seconds "$seconds" --warmup "$warmup" --threads "$((($(nproc) + 1) / 2))" --pid "$server_pid" \
    --json > "$results/$name.json" || printf 'compression: %s failed\n' "$name" >&2
  stop_server
}

for percent in 0 50 100; do measure "gateway $percent" gateway "$percent"; done
for server in ws bun; do
  for percent in 0 100; do measure "$server $percent" "$server" "$percent"; done
done

node bench/peers/compression.js "$results" "$subscribers" "$bytes" ${write:+docs/performance.md}
