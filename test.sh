#!/usr/bin/env bash
# Builds everything and runs all tests. It ends with the names of those that failed, and why. The last line says how many passed and failed;
# the exit code is 0 only if none failed. With --install it installs the Debian packages that are missing, and does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'test.sh: %s\n' "$*" >&2
  exit 1
}

# Debian packages that some tests run, beside the .NET SDK: the command or file that shows a package is there, and its name.
needed=(
  chromium:chromium curl:curl node:nodejs npm:npm redis-server:redis-server haproxy:haproxy nginx:nginx
  /usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream systemd-analyze:systemd setpriv:util-linux prlimit:util-linux
)

install_missing() {
  local missing=() entry
  for entry in "${needed[@]}"; do
    command -v "${entry%%:*}" > /dev/null || [ -e "${entry%%:*}" ] || missing+=("${entry##*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    fail "please install: ${missing[*]}"
  fi
  say "Installing ${missing[*]}"
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  # These packages start a server; the tests start their own.
  for entry in redis-server haproxy nginx; do
    [[ " ${missing[*]} " != *" $entry "* ]] || service "$entry" stop > /dev/null 2>&1 || true
  done
}

# passed and failed are sums over all projects; what did not run counts as failed.
passed=0
failed=0

count() {
  local total=$1 good=$2 status=$3
  passed=$((passed + good))
  failed=$((failed + total - good))
  # A run that broke off, or found no tests, is a failure too.
  if [ "$total" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$total" -eq "$good" ]; }; then
    failed=$((failed + 1))
  fi
}

run_project() {
  local project=$1 results=$2 name status=0 counters total=0 good=0
  shift 2
  name=$(basename "$project" .csproj)${GATEWAY_TEST_TRANSPORT:+-$GATEWAY_TEST_TRANSPORT}
  say "Testing $name"
  dotnet test "$project" --no-build -c Release --logger "trx;LogFileName=$name.trx" --results-directory "$results" "$@" || status=$?
  counters=$(grep -o '<Counters [^>]*' "$results/$name.trx" 2> /dev/null || true)
  if [ -n "$counters" ]; then
    total=$(sed 's/.* total="\([0-9]*\)".*/\1/' <<< "$counters")
    good=$(sed 's/.* passed="\([0-9]*\)".*/\1/' <<< "$counters")
  fi
  count "$total" "$good" "$status"
}

# The TypeScript clients start the gateway that was built before. Mostly they wait, so they are tested beside the first projects; what
# they print and how many passed is in files until then.
run_clients() {
  local results=$1
  npm ci --prefix clients --no-audit --no-fund
  npm run check --prefix clients
  run_vitest "$results/clients"
  # Those that talk to a gateway.
  GATEWAY_TEST_TRANSPORT=sockets run_vitest "$results/clients-sockets" integration
}

run_vitest() {
  local report=$1.json status=0 total=0 good=0
  (cd clients && npx vitest run "${@:2}" --reporter=default --reporter=json --outputFile.json="$report") || status=$?
  if [ -s "$report" ]; then
    total=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).numTotalTests' "$report")
    good=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).numPassedTests' "$report")
  fi
  printf '%d %d %d\n' "$total" "$good" "$status" > "$1.count"
}

# global.json says which SDK serves.
dotnet --version > /dev/null 2>&1 || fail "please install the .NET 10 SDK: https://dotnet.microsoft.com/download"
install_missing
[ "${1:-}" != --install ] || exit 0
ulimit -n "$(ulimit -Hn)"

say "Installing the npm packages of the tests"
for folder in Gateway.Tests/Clients/ws Gateway.Tests/Clients/eventsource Deploy.Tests/Manifests; do
  npm ci --prefix "tests/$folder" --no-audit --no-fund
done

say "Restoring the servers that tests start"
dotnet tool restore

say "Building"
dotnet build Gateway.sln -c Release

results=$(mktemp -d)
trap 'kill %1 2> /dev/null || true; rm -rf "$results"' EXIT
run_clients "$results" > "$results/clients.log" 2>&1 &
for project in tests/*/*.Tests.csproj; do
  run_project "$project" "$results"
done
# What a client sees is the same on both transports: event loops served until now. Left out are the tests that would do the same again, for
# they connect nobody to the public port, or choose its transport themselves, or are about what lies behind it.
filter=''
for folder in Architecture Backplane Channels Dialects Hosting Listening OperatorPage Options Redis Tls; do
  filter+="${filter:+&}FullyQualifiedName!~Gateway.Tests.$folder."
done
GATEWAY_TEST_TRANSPORT=sockets run_project tests/Gateway.Tests/Gateway.Tests.csproj "$results" --filter "$filter"
GATEWAY_TEST_TRANSPORT=sockets run_project tests/Client.Tests/Gateway.Client.Tests.csproj "$results"

# The failures of all projects together, at the end, where they are not buried under what other projects print.
list_failures() {
  [ "$failed" -gt 0 ] || return 0
  say "Failed"
  node - "$1" << 'END'
const fs = require('fs');
const path = require('path');
const lines = (text, count) => text.trim().split('\n').slice(0, count).map(line => `    ${line}`).join('\n');
const plain = text => text.replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
  .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');
for (const file of fs.readdirSync(process.argv[2])) {
  const text = fs.readFileSync(path.join(process.argv[2], file), 'utf8');
  if (file.endsWith('.trx')) {
    for (const [, attributes, body] of text.matchAll(/<UnitTestResult ([^>]*outcome="Failed"[^>]*)>([^]*?)<\/UnitTestResult>/g)) {
      console.log(plain(attributes.match(/testName="([^"]*)"/)[1]));
      console.log(lines(plain(body.match(/<Message>([^]*?)<\/Message>/)?.[1] ?? ''), 12));
      console.log(lines(plain(body.match(/<StackTrace>([^]*?)<\/StackTrace>/)?.[1] ?? ''), 6));
    }
  } else if (/^clients.*\.json$/.test(file)) {
    for (const tests of JSON.parse(text).testResults) {
      for (const test of tests.assertionResults.filter(test => test.status === 'failed')) {
        console.log(`${test.fullName}\n${lines((test.failureMessages ?? []).join('\n'), 18)}`);
      }
    }
  }
}
END
}

say "Testing the TypeScript clients"
wait || true
cat "$results/clients.log"
for run in clients clients-sockets; do
  # Without a count it broke off.
  read -r total good status < "$results/$run.count" || { total=0 good=0 status=1; }
  count "$total" "$good" "$status"
done

list_failures "$results" || true
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
