#!/usr/bin/env bash
# Holds a million connections on this machine, for real: as many gateways as the limit of open files asks for, joined by one Redis, and the
# load runner's crowd of subscribed clients. Publishes to all and to single ones, restarts a node in the middle, and says what a connection
# takes, how long a message to all takes, and what was lost.
#
#   bench/million.sh                      1,000,000 clients, and as many on a node as it takes with its open files
#   bench/million.sh 20000 10000          a trial: 20,000 clients on two nodes, a minute
#
# In the environment: GATEWAY, a folder with a published gateway instead of building one; SETTLE, seconds between connecting and measuring (10);
# RESERVE, MiB of memory to leave (1500): with less it stops growing, says how far it got, and goes on with the clients it has.
# On Linux only. Needs redis-server. Everything that it starts it also ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. bench/ports.sh

ulimit -n "$(ulimit -Hn)"
files=$(ulimit -n)
# A gateway keeps a sixteenth of its files for those whom it refuses, and needs some besides: assemblies, Redis, HTTP.
clients=${1:-1000000}
per_node=${2:-$((files * 15 / 16 - 600))}
settle=${SETTLE:-10}
reserve=${RESERVE:-1500}
[[ $clients =~ ^[0-9]+$ && $per_node =~ ^[0-9]+$ && $per_node -ge 1 ]] || {
  printf 'usage: bench/million.sh [clients] [clients-per-node]\n' >&2
  exit 2
}
# Two at least, for one to be restarted while the publisher is on another.
nodes=$(((clients + per_node - 1) / per_node))
[ "$nodes" -ge 2 ] || nodes=2

results=$(mktemp -d)
node_pids=()
redis_pid= load_pid=

end_everything() {
  local pid
  for pid in "$load_pid" "${node_pids[@]}" "$redis_pid"; do [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null || true; done
  for pid in "$load_pid" "${node_pids[@]}" "$redis_pid"; do [ -z "$pid" ] || wait "$pid" 2> /dev/null || true; done
  rm -rf "$results"
}

trap end_everything EXIT
trap 'exit 130' INT TERM
# Of a crowd that has ended: its last words are read all the same.
trap '' PIPE

say() { printf '%-28s %s\n' "$1" "$2"; }
# count [NUMBER]: with commas.
count() { { [ $# -eq 0 ] && cat || printf '%s\n' "$1"; } | sed ':more; s/\B[0-9]\{3\}\>/,&/; t more'; }
warn() { printf 'million: %s\n' "$*" >&2; }

fail() {
  warn "$*"
  exit 1
}

# Without what the kernel calls reclaimable: a part of the slabs of sockets, which are inodes, is called so, and is not.
available_mib() { awk '/^MemAvailable:/ { sum += $2 } /^SReclaimable:/ { sum -= $2 } END { print int(sum / 1024) }' /proc/meminfo; }

# What the kernel has for itself, KiB: objects, page tables, stacks, and what waits in TCP's buffers.
kernel_memory() { awk '/^(Slab|PageTables|KernelStack):/ { sum += $2 } /^TCP:/ { sum += 4 * $11 } END { print sum }' /proc/meminfo /proc/net/sockstat; }

# The same by subtraction, KiB: what is neither free, nor a file's, nor a program's.
missing_memory() { awk '/^MemTotal:/ { sum += $2 } /^(MemFree|Buffers|Cached|AnonPages):/ { sum -= $2 } END { print sum }' /proc/meminfo; }

# memory_of FIELD PID...: KiB. Pss shares out what several processes have in common, such as code.
memory_of() {
  local field=$1 pid
  shift
  for pid; do cat "/proc/$pid/smaps_rollup" || true; done 2> /dev/null | awk -v "field=^$field" '$1 ~ field { sum += $2 } END { print sum + 0 }'
}

cpu_of() {
  local pid
  # 1/100 s; the fields after the name, which may have blanks.
  for pid; do sed 's/.*) //' "/proc/$pid/stat" || true; done 2> /dev/null | awk '{ sum += $12 + $13 } END { print sum / 100 }'
}

# used_since SECONDS TIMES: what the nodes have used since, for each.
used_since() { awk -v "a=$1" -v "b=$(cpu_of "${node_pids[@]}")" -v "n=$2" 'BEGIN { printf "%.1f µs of the nodes'\'' CPU", (b - a) * 1e6 / n }'; }

check_kernel() {
  local pages max
  pages=$(awk '{ print $3 }' /proc/sys/net/ipv4/tcp_mem)
  [ "$pages" -ge "$clients" ] || warn "net.ipv4.tcp_mem allows $pages pages: a message to all may be sent more than once; sysctl -w net.ipv4.tcp_mem='$clients $clients $((clients * 2))'"
  if [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count 2> /dev/null || echo 0)" -gt 0 ]; then
    max=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
    [ "$max" -gt "$clients" ] || warn "a firewall tracks connections, $max at most (net.netfilter.nf_conntrack_max)"
  fi
  [ "$(cat /proc/sys/fs/file-max)" -gt $((2 * clients + 100000)) ] || warn "fs.file-max is less than the files of both ends"
}

address() { printf '127.1.%d.%d' $(($1 / 250)) $(($1 % 250 + 1)); }

# A ping after a minute of silence, as docs/performance.md recommends for that many: after 25 s heartbeats would fire while everybody connects.
# Collections in line, a small budget between them, and code compiled ahead and left as it is: that code all processes share, while what each compiles
# for itself takes memory and time as often as there are nodes: with tiered compilation a node of 2,000 clients took 5 MB more.
start_node() {
  local index=$1 host
  host=$(address "$index")
  (cd "$results" && exec env DOTNET_gcServer=0 DOTNET_gcConcurrent=0 DOTNET_GCgen0size=0x400000 DOTNET_TieredCompilation=0 \
    dotnet "$gateway/Gateway.dll" "--Gateway:Public=http://$host:$port" "--Gateway:Internal=http://$host:$((port + 1))" \
    "--Gateway:Redis:Addresses=127.0.0.1:$redis_port" --Gateway:Namespaces:log:History=100 --Gateway:Transport:Kind=epoll \
    --Gateway:Heartbeat:Ping=00:01:00 --Gateway:Heartbeat:PongTimeout=00:00:50 --Gateway:Drain:Duration=00:00:10 \
    --Logging:LogLevel:Default=Warning "${gateway_open[@]}") > "$results/node-$index.log" 2>&1 8>&- 9<&- &
  node_pids[index]=$!
}

await_node() {
  local index=$1
  for _ in $(seq 600); do
    ! (exec 3<> "/dev/tcp/$(address "$index")/$port") 2> /dev/null || return 0
    kill -0 "${node_pids[index]}" 2> /dev/null || break
    sleep 0.1
  done
  tail -5 "$results/node-$index.log" >&2
  fail "node $index does not listen"
}

# ask LINE: has the crowd do it; its answer's values are then in $answer.
declare -A answer
ask() {
  local line pair
  printf '%s\n' "$1" >&8 2> /dev/null || true
  while IFS= read -r -u 9 line; do
    case $line in
      problem*) warn "${line#problem }" ;;
      *)
        answer=()
        for pair in $line; do answer[${pair%%=*}]=${pair#*=}; done
        return 0 ;;
    esac
  done
  cat "$results/crowd.log" >&2
  fail "the crowd ended at '$1'"
}

command -v redis-server > /dev/null || fail 'please install redis-server'
check_kernel
gateway=${GATEWAY:-}
{
  if [ -z "$gateway" ]; then
    gateway=$results/gateway
    dotnet publish src/Gateway -c Release --use-current-runtime --self-contained false -p:PublishReadyToRun=true -o "$gateway" --nologo -v quiet
  fi
  dotnet build -c Release load --nologo -v quiet
} >&2

redis_port=$(free_port)
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$results" --save "" --appendonly no --maxclients 4096 > "$results/redis.log" 2>&1 &
redis_pid=$!
await_port "$redis_port" || fail 'redis-server does not listen'

started=$SECONDS
port=$(free_port)
for ((index = 0; index < nodes; index++)); do
  if [ "$(available_mib)" -lt $((reserve + 200)) ]; then
    warn "memory ends with $index of $nodes nodes"
    nodes=$index
    [ "$nodes" -ge 2 ] || fail 'there is no room for two nodes'
    clients=$((nodes * per_node))
    break
  fi
  start_node "$index"
  # Four at a time.
  [ "$index" -lt 3 ] || await_node $((index - 3))
done
for ((index = nodes < 3 ? 0 : nodes - 3; index < nodes; index++)); do await_node "$index"; done
say "nodes" "$nodes, up to $(count "$per_node") clients each, $(count "$files") open files a process; ready after $((SECONDS - started)) s"

urls=()
for ((index = 0; index < nodes; index++)); do urls+=("ws://$(address "$index"):$port/ws"); done
mkfifo "$results/requests" "$results/answers"
DOTNET_gcConcurrent=0 dotnet load/bin/Release/net10.0/Gateway.Load.dll crowd --connections "$clients" --reserve "$reserve" --namespace log --url "${urls[@]}" \
  < "$results/requests" > "$results/answers" 2> "$results/crowd.log" &
load_pid=$!
exec 8> "$results/requests" 9< "$results/answers"
ask 'single 0'
sleep 2

empty_nodes=$(memory_of Pss: "${node_pids[@]}")
empty_private=$(memory_of Private "${node_pids[@]}")
empty_kernel=$(kernel_memory)
empty_missing=$(missing_memory)
cpu=$(cpu_of "${node_pids[@]}")
say "empty" "$((empty_nodes / 1024)) MiB for all nodes, $((empty_nodes / 1024 / nodes)) MiB each; $(count "$(available_mib)") MiB of the machine are left"

ask connect
connected=${answer[connected]}
say "connected" "$(count "$connected") clients in ${answer[seconds]} s, $(count "${answer[rate]}") a second, $(used_since "$cpu" "$connected") each"
[ "${answer[refused]}" -eq 0 ] || say "" "${answer[refused]} attempts were repeated: ${answer[why]//_/ }"
[ -z "${answer[stopped]}" ] || say "stopped" "at $(count "$connected") of $(count "$clients"): ${answer[stopped]//_/ }"
[ "$connected" -gt 0 ] || fail 'nobody is connected'

sleep 2
cpu=$(cpu_of "${node_pids[@]}")
sleep "$settle"
say "quiet" "$(awk -v "a=$cpu" -v "b=$(cpu_of "${node_pids[@]}")" -v "s=$settle" 'BEGIN { printf "all nodes together use %.2f of a core, over %d s", (b - a) / s, s }')"
full_nodes=$(memory_of Pss: "${node_pids[@]}")
full_private=$(memory_of Private "${node_pids[@]}")
kernel=$(($(kernel_memory) - empty_kernel))
each() { awk -v "kib=$1" -v "n=$connected" 'BEGIN { printf "%.0f", kib * 1024 / n }' | count; }
say "memory of a connection" "gateway $(each $((full_nodes - empty_nodes))) B (private $(each $((full_private - empty_private))) B); with its share of the empty process $(each "$full_nodes") B"
say "" "kernel $(each "$kernel") B for both ends by its slabs, $(each $(($(missing_memory) - empty_missing))) B by subtraction; $(awk '/^TCP:/ { print $3 }' /proc/net/sockstat | count) TCP sockets"
say "memory in all" "nodes $((full_nodes / 1024)) MiB, kernel $((kernel / 1024)) MiB, clients $(($(memory_of Pss: "$load_pid") / 1024)) MiB, Redis $(($(memory_of Pss: "$redis_pid") / 1024)) MiB; $(count "$(available_mib)") MiB are left"

publish() {
  ask "publish $2"
  say "$1" "$2 messages, the last client after ${answer[all]} ms (slowest ${answer[slowest]} ms), half of them after ${answer[p50]} ms; $(count "${answer[received]}") received"
}

single() {
  ask "single $1"
  say "to single clients" "$1 messages, ${answer[received]} received: p50 ${answer[p50]} ms, p99 ${answer[p99]} ms, at most ${answer[max]} ms"
}

cpu=$(cpu_of "${node_pids[@]}")
publish "to all" 10
say "" "$(used_since "$cpu" "${answer[received]}") for a delivery"
single 1000

# The one in the middle; the publisher is on the first.
middle=$((nodes / 2))
ask "restart $middle"
started=$SECONDS
kill -TERM "${node_pids[middle]}"
publish "to all, while a node drains" 3
wait "${node_pids[middle]}" || true
publish "to all, while it is gone" 3
start_node "$middle"
await_node "$middle"
away=$((SECONDS - started))
ask return
say "restarted" "ready again after $away s; its $(count "${answer[back]}") clients are back ${answer[seconds]} s later, with $(count "${answer[recovered]}") messages recovered"
publish "to all again" 3
single 1000

ask ''
status=0
wait "$load_pid" || status=$?
load_pid=
lost=nothing
[ "$status" -eq 0 ] || lost="${answer[problems]} problems"
say "lost" "$lost: $(count "${answer[present]}") clients have all ${answer[published]} messages, ${answer[interrupted]} were told of a gap; $(count "${answer[ended]}") connections ended"
[ "$status" -eq 0 ] || fail 'something was lost'
