#!/usr/bin/env bash
# Drives coupon-mcp with the command line of the MCP Inspector.
# usage: inspector.sh BINARY BASE_URL
#
# Each Inspector call is a process of its own, and over stdio so is each
# server. A repeated or conflicting create is therefore asked of a code that
# every fresh store already holds. It declares no forms, so that a deletion has
# to be confirmed by a token.
set -euo pipefail

if (($# != 2)); then
  echo "usage: $0 BINARY BASE_URL" >&2
  exit 2
fi
binary=$1
base=${2%/}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
launcher=$here/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js

readonly LIMIT_S=120
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

# fact EXPRESSION [ARGUMENT...]: a JavaScript expression over e = expected.json
# and a = the arguments. Prints a string as it is, and all else as JSON.
fact() {
  node -p "const e = JSON.parse(fs.readFileSync('$here/expected.json', 'utf8')); const a = process.argv.slice(1); const v = $1; typeof v === 'string' ? v : JSON.stringify(v)" "${@:2}"
}

# confirm FILE TOOL ARGUMENTS: repeats a call with what the answer in FILE asks
# to bring along; that of the repeated call takes its place.
confirm() {
  local arguments
  arguments=$(fact '(({ confirmation_token, confirmation_text }) => ({ ...JSON.parse(a[1]), confirmation_token, confirmation_text }))(JSON.parse(fs.readFileSync(a[0], "utf8")).result.structuredContent)' "$1" "$3")
  call 0 "$1" "$2" "$arguments"
}

# ordinary_promotion NAME: arguments of create_promotion that nobody is asked about.
ordinary_promotion() {
  node --input-type=module -e "import { ordinaryPromotion } from '$here/expectations.mjs'; console.log(JSON.stringify(ordinaryPromotion(process.argv[1])))" "$1"
}

# play NAME MODE VERSION CONNECTION...: the scenario over one connection.
play() {
  combination="inspector $1 $2"
  local version=$3 code answer=$scratch/answer.json other=$scratch/other.json reading deleted deletion
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
  for ((reading = 0; reading < readings; reading++)); do
    call 0 "$answer" "$(fact 'e.readings[a[0]].tool' "$reading")" "$(fact 'e.readings[a[0]].arguments' "$reading")"
    check reading "$answer" -- "$reading"
  done

  inspect 0 "$answer" --method prompts/list
  check prompts "$answer"
  inspect 0 "$answer" --method prompts/get --prompt-name "$prompt" --prompt-args "$prompt_argument"
  check prompt "$answer"
  inspect 0 "$answer" --method resources/list
  inspect 0 "$other" --method resources/templates/list
  check resources "$answer" "$other"
  inspect 0 "$answer" --method resources/read --uri "$resource"
  call 0 "$other" get_promotion "$(fact '{ promotion_id: e.promotion.id }')"
  check resource "$answer" "$other"

  call 0 "$answer" create_promotion "$(ordinary_promotion "${code}_PROMOTION")"
  check promotion-created "$answer" -- "${code}_PROMOTION"

  deleted=$code
  [[ $1 != stdio ]] || deleted=$seeded # in the fresh store of each process
  deletion=$(fact '{ codes: [a[0]] }' "$deleted")
  call 0 "$answer" delete_coupon_codes "$deletion"
  check confirmation "$answer"
  # A confirmation is its caller's. Over HTTP in the older era that is a session,
  # which ends with the process, so there it is left to the SDK clients.
  if [[ $1 == stdio || $2 == modern ]]; then
    confirm "$answer" delete_coupon_codes "$deletion"
    check deleted "$answer" -- "$deleted"
  fi

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
seeded=$(fact 'e.seeded_code.code')
readings=$(fact 'e.readings.length')
prompt=$(fact 'e.got_prompt.name')
prompt_argument=$(fact 'Object.entries(e.got_prompt.arguments).map(pair => pair.join("=")).join()')
resource=$(fact 'e.resource')
most_pages=$(fact '2 * e.large_promotion.codes / e.large_promotion.page_size')

# What the server remembers from one process to the next, confirmations among it.
state=$scratch/state
modern=$scratch/modern.json
fact '{ mcpServers: {
  stdio: { command: a[0], args: ["stdio", "--sandbox", "--state-dir", a[2]], protocolEra: "modern" },
  http: { type: "streamable-http", url: a[1] + "/mcp", protocolEra: "modern" },
} }' "$binary" "$base" "$state" >"$modern"

play stdio legacy 2025-11-25 "$binary" stdio --sandbox --state-dir "$state"
play http legacy 2025-11-25 --transport http --server-url "$base/mcp"
play sse legacy 2025-11-25 --transport sse --server-url "$base/sse"
play stdio modern 2026-07-28 --config "$modern" --server stdio
play http modern 2026-07-28 --config "$modern" --server http
