# Sourced by the scripts beside it: ports for servers that are started and ended within a run.

is_listening() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# Below the ports that the kernel gives to outgoing connections.
free_port() {
  local port
  while port=$((10000 + RANDOM % 12000)) && is_listening "$port"; do :; done
  printf '%s' "$port"
}

# Whether it is listened on within 20 s.
await_port() {
  for _ in $(seq 200); do
    ! is_listening "$1" || return 0
    sleep 0.1
  done
  return 1
}
