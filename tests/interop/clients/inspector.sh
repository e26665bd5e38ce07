#!/usr/bin/env bash
# Drives coupon-mcp with the command line of the MCP Inspector.
# usage: inspector.sh BINARY BASE_URL
#
# Each Inspector call is a process of its own, and over stdio so is each
# server. A repeated or conflicting create is therefore asked of a code that
# every fresh store already holds.
set -euo pipefail

if (($# != 2)); then
  echo "usage: $0 BINARY BASE_URL" >&2
  exit 2
fi
binary=$1
base=${2%/}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
launcher=$here/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js

readonly LIMIT_S=60
readonly TOOL_ERROR=5 # exit code of the Inspector for an isError result

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The Inspector keeps settings and secrets below the home directory.
export HOME=$scratch

fail() {
  echo "FAILED $combination: $1" >&2
  exit 1
}

# inspect STATUS FILE ARGUMENT...: one Inspector call, which has to exit with
# STATUS; what it prints goes to FILE.
inspect() {
  local wanted=$1 file=$2 status=0
  shift 2
  local left=$((deadline - SECONDS))
  ((left > 0)) || fail "not done within $LIMIT_S s"
  timeout --foreground --kill-after=5 "$left" \
    node "$launcher" --cli "${connection[@]}" --format json "$@" \
    >"$file" 2>"$scratch/stderr" || status=$?
  ((status != 124)) || fail "not done within $LIMIT_S s, at: $*"
  if ((status != wanted)); then
    cat "$file" "$scratch/stderr" >&2
    fail "exit code $status where $wanted was due, at: $*"
  fi
  checks=$((checks + 1))
}

# call STATUS FILE TOOL ARGUMENTS: tools/call with a JSON object.
call() {
  inspect "$1" "$2" --method tools/call --tool-name "$3" --tool-args-json "$4"
}

# check EXPECTATION FILE... [-- ARGUMENT...]
check() {
  local held
  held=$(node "$here/inspector_check.mjs" "$@" 2>"$scratch/broken") || fail "$(cat "$scratch/broken")"
  checks=$((checks + held))
}

# walk PREFIX: fetches the large promotion page by page into PREFIX-1, -2, ...
# and lists these files in `pages`. The cursors have to outlive a server process.
walk() {
  local after='' arguments
  pages=()
  while
    ((${#pages[@]} < most_pages)) || fail "the large promotion does not end after $most_pages pages"
    pages+=("$1-$((${#pages[@]} + 1))")
    arguments=$(fact '{ promotion_id: e.large_promotion.id, limit: e.large_promotion.page_size, ...(a[0] && { after: a[0] }) }' "$after")
    call 0 "${pages[-1]}" list_coupon_codes "$arguments"
    after=$(cursor_of "${pages[-1]}")
    [[ -n $after ]]
  do :; done
}

cursor_of() {
  node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).result.structuredContent.next_cursor ?? ""' "$1"
}

# fact EXPRESSION [ARGUMENT...]: JSON of a JavaScript expression over
# e = expected.json and a = the arguments.
fact() {
  node -p "const e = JSON.parse(fs.readFileSync('$here/expected.json', 'utf8')); const a = process.argv.slice(1); JSON.stringify($1)" "${@:2}"
}

# play NAME MODE VERSION CONNECTION...: the scenario over one connection.
play() {
  combination="inspector $1 $2"
  local version=$3 code answer=$scratch/answer.json
  code=INTEROP_INSPECTOR_${1^^}_${2^^}
  connection=("${@:4}")
  checks=0
  deadline=$((SECONDS + LIMIT_S))

  inspect 0 "$answer" --method initialize
  check server "$answer" -- "$version"
  # --strict fails on schemas that known hosts choke on.
  inspect 0 "$answer" --method tools/list --strict
  check tools "$answer"

  call 0 "$answer" create_coupon_code "$(fact '{ promotion_id: e.promotion.id, code: a[0], ...e.limits }' "$code")"
  check created "$answer" -- "$code"
  call 0 "$answer" create_coupon_code "$same_as_seeded"
  check already-existed "$answer"
  call "$TOOL_ERROR" "$answer" create_coupon_code "$conflict_with_seeded"
  check conflict "$answer"
  call 0 "$answer" list_coupon_codes "$filter_seeded"
  check seeded-code "$answer"
  # Models send nulls although the input schema says integer. They send numbers
  # as strings, too, but the Inspector would turn those into numbers first.
  call 0 "$answer" create_coupon_code "$(fact '{ promotion_id: e.promotion.id, code: a[0], max_uses: null, max_uses_per_customer: null }' "${code}_NULLS")"
  check created-unlimited "$answer" -- "${code}_NULLS"

  walk "$scratch/page"
  check walk "${pages[@]}"

  # The Inspector looks tools up in tools/list and does not ask the server for
  # one that is not there; whether the server refuses it is left to the SDK clients.
  call "$TOOL_ERROR" "$answer" no_such_tool '{}'
  call "$TOOL_ERROR" "$answer" create_coupon_code '{"code": "INTEROP_NOWHERE"}'
  check promotions-named "$answer"

  echo "ok $combination ($checks checks)"
}

combination=inspector
same_as_seeded=$(fact '(({ code, max_uses, max_uses_per_customer }) => ({ promotion_id: e.promotion.id, code, max_uses, max_uses_per_customer }))(e.seeded_code)')
conflict_with_seeded=$(fact '{ promotion_id: e.promotion.id, code: e.seeded_code.code, ...e.other_limits }')
filter_seeded=$(fact '{ promotion_id: e.promotion.id, code: e.seeded_code.code }')
most_pages=$(fact '2 * e.large_promotion.codes / e.large_promotion.page_size')

modern=$scratch/modern.json
fact '{ mcpServers: {
  stdio: { command: a[0], args: ["stdio", "--sandbox"], protocolEra: "modern" },
  http: { type: "streamable-http", url: a[1] + "/mcp", protocolEra: "modern" },
} }' "$binary" "$base" >"$modern"

play stdio legacy 2025-11-25 "$binary" stdio --sandbox
play http legacy 2025-11-25 --transport http --server-url "$base/mcp"
play sse legacy 2025-11-25 --transport sse --server-url "$base/sse"
play stdio modern 2026-07-28 --config "$modern" --server stdio
play http modern 2026-07-28 --config "$modern" --server http
