# Sourced by the scripts beside it: ports for servers that are started and ended within a run, and what all gateways are told.

# Everybody is let in, and what one client, or one address, may do is not what is measured.
gateway_open=(
  --Gateway:Development=true --Gateway:Limits:MessagesPerSecond=0 --Gateway:Limits:BytesPerSecond=0 --Gateway:Limits:Connections=0
  --Gateway:Limits:ConnectionsPerAddress=0 --Gateway:Limits:SocketsPerAddress=0 --Gateway:Limits:HandshakesPerSecondPerAddress=0
)

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
