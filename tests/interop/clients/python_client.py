"""Drives coupon-mcp with the Python SDK over each transport and protocol era.

usage: python_client.py BINARY BASE_URL
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp.client.sse import sse_client
from mcp.types import ElicitRequestParams, ElicitResult, PromptReference
from pydantic import BaseModel

LIMIT_S = 60
LEGACY = "2025-11-25"
MODERN = "2026-07-28"
INVALID_PARAMS = -32602
METHOD_NOT_FOUND = -32601
# 2026-07-28 has done away with a code of its own.
RESOURCE_NOT_FOUND = {LEGACY: -32002, MODERN: INVALID_PARAMS}
SERVER_INFO = "io.modelcontextprotocol/serverInfo"

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))
PROMOTION = EXPECTED["promotion"]
SEEDED = EXPECTED["seeded_code"]
LARGE = EXPECTED["large_promotion"]
# A cursor that never ends must fail the walk long before the time limit does.
MOST_PAGES = 2 * LARGE["codes"] // LARGE["page_size"]

Json = dict[str, Any]
Call = Callable[[str, Json], Awaitable[Json]]


class Combination(NamedTuple):
    transport: str
    mode: str
    version: str

    def __str__(self) -> str:
        return f"python {self.transport} {self.mode}"


# The older HTTP+SSE transport carries the initialize handshake only.
COMBINATIONS = [
    Combination(transport, mode, version)
    for transport in ("stdio", "http")
    for mode, version in (("legacy", LEGACY), ("auto", MODERN), (MODERN, MODERN))
] + [Combination("sse", "legacy", LEGACY)]


class Broken(Exception):
    """A check that did not hold. Its message is all the reader of a CI log gets."""


class Person:
    """Sits before a host with forms: gives one answer to every question, and remembers the questions."""

    def __init__(self) -> None:
        self.answer: Json = EXPECTED["consent"]
        self.asked: list[Json] = []

    async def __call__(self, _: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(on_the_wire(params))
        return ElicitResult.model_validate(self.answer)


class Checks:
    """Counts the checks that held; the first that does not ends the combination."""

    def __init__(self) -> None:
        self.passed = 0

    def that(self, what: str, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Broken(f"{what}: {otherwise}")
        self.passed += 1

    def equal(self, what: str, actual: object, wanted: object) -> None:
        self.that(what, actual == wanted, f"wanted {shown(wanted)}, got {shown(actual)}")


def connect(combination: Combination, binary: str, base: str, person: Person | None = None) -> Client:
    target: Any
    match combination.transport:
        case "stdio":
            target = StdioServerParameters(command=binary, args=["stdio", "--sandbox"])
        case "http":
            target = f"{base}/mcp"
        case _:
            target = sse_client(f"{base}/sse")
    return Client(target, mode=combination.mode, elicitation_callback=person)


async def play(client: Client, combination: Combination, checks: Checks) -> None:
    checks.equal("server name", await server_name(client, combination), EXPECTED["server_name"])
    checks.equal("negotiated protocol version", client.protocol_version, combination.version)
    call = calls_of(client)
    code = code_for(combination)

    await play_tool_list(client, checks)
    await play_creation(call, code, checks)
    await play_lenient_input(call, code, checks)
    await play_walk(call, checks)
    await play_missing_promotion(call, checks)
    await play_reading(call, checks)
    await play_prompts(client, checks)
    await play_resources(client, combination, call, checks)
    await play_tokens(call, code, checks)
    await expect_refusal(checks, "unknown tool", client.call_tool("no_such_tool", {}), INVALID_PARAMS)
    prompt = PromptReference(name=EXPECTED["got_prompt"]["name"])
    completion = client.complete(prompt, {"name": "code", "value": "S"})
    await expect_refusal(checks, "undeclared completion/complete", completion, METHOD_NOT_FOUND)


async def play_forms(client: Client, combination: Combination, person: Person, checks: Checks) -> None:
    """The same server, for a host that can put its questions to a person."""
    call = calls_of(client)
    name = f"{code_for(combination)}_FORMS"
    renamed = f"{name}_2"

    promotion_id = await play_ordinary_promotion(call, name, checks)
    checks.equal("ordinary promotion: questions", person.asked, [])

    replacement = {"code": name, "new_code": renamed}
    expect_change(checks, "replacement with a yes", await call("replace_coupon_code", replacement), "done")
    expect_form(checks, "replacement with a yes", person.asked, name)

    for refusal in EXPECTED["refusals"]:
        person.answer = refusal["answer"]
        what = f"deletion answered {shown(person.answer)}"
        expect_change(checks, what, await call("delete_coupon_codes", {"codes": [renamed]}), refusal["status"])
        expect_form(checks, what, person.asked, renamed, refusal["questions"])
        checks.equal(f"{what}: codes left", await codes_of(call, promotion_id, checks), [renamed])

    person.answer = EXPECTED["consent"]
    what = "deletion with a yes"
    expect_deleted(checks, what, await call("delete_coupon_codes", {"codes": [renamed]}), [renamed])
    expect_form(checks, what, person.asked, renamed)
    checks.equal(f"{what}: codes left", await codes_of(call, promotion_id, checks), [])

    what = "deletion of the promotion with a yes"
    expect_change(checks, what, await call("delete_promotions", {"promotion_ids": [promotion_id]}), "done")
    expect_form(checks, what, person.asked, name)
    await expect_no_promotion(call, name, checks)


def calls_of(client: Client) -> Call:
    async def call(tool: str, arguments: Json) -> Json:
        # The SDK has validated structuredContent against the output schema by then.
        return on_the_wire(await client.call_tool(tool, arguments))

    return call


def on_the_wire(model: BaseModel) -> Json:
    """Back to the names of the wire, which are those of the contract."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def server_name(client: Client, combination: Combination) -> str | None:
    if combination.mode == MODERN:
        # A pinned version skips the handshake, so this client has not asked yet.
        discovered = await client.session.send_discover(MODERN)
        return discovered.get("_meta", {}).get(SERVER_INFO, {}).get("name")
    return client.server_info.name if client.server_info else None


async def play_tool_list(client: Client, checks: Checks) -> None:
    listed = await client.list_tools()
    tools = [on_the_wire(tool) for tool in listed.tools]
    checks.equal("tool names", sorted(tool["name"] for tool in tools), EXPECTED["tools"])
    for tool in tools:
        for schema in ("inputSchema", "outputSchema"):
            checks.equal(f"{tool['name']}: root type of {schema}", tool.get(schema, {}).get("type"), "object")


async def play_creation(call: Call, code: str, checks: Checks) -> None:
    on_promotion = {"promotion_id": PROMOTION["id"], "code": code}
    limited = on_promotion | EXPECTED["limits"]

    created = expect_coupon(checks, "create", await call("create_coupon_code", limited), "created")
    fresh = {"code": code, "current_uses": 0} | EXPECTED["limits"]
    checks.equal("create: coupon_code", {name: created.get(name) for name in fresh}, fresh)

    again = await call("create_coupon_code", limited)
    repeated = expect_coupon(checks, "same call again", again, "already_existed")
    checks.equal("same call again: coupon_code", repeated, created)

    expect_conflict(checks, await call("create_coupon_code", on_promotion | EXPECTED["other_limits"]))

    expect_only_code(checks, "listing of the new code", await call("list_coupon_codes", on_promotion), created)
    filter_seeded = {"promotion_id": PROMOTION["id"], "code": SEEDED["code"]}
    expect_only_code(checks, "listing of the seeded code", await call("list_coupon_codes", filter_seeded), SEEDED)


async def play_lenient_input(call: Call, code: str, checks: Checks) -> None:
    """Models send these although the input schema says integer; this SDK passes them on unchecked."""
    as_string = {"promotion_id": str(PROMOTION["id"]), "code": SEEDED["code"]}
    expect_only_code(checks, "promotion_id sent as a string", await call("list_coupon_codes", as_string), SEEDED)
    nulls = {
        "promotion_id": PROMOTION["id"],
        "code": f"{code}_NULLS",
        "max_uses": None,
        "max_uses_per_customer": None,
    }
    coupon = expect_coupon(checks, "limits sent as null", await call("create_coupon_code", nulls), "created")
    checks.equal("limits sent as null: code", coupon["code"], nulls["code"])


async def play_walk(call: Call, checks: Checks) -> None:
    what = "walk of the large promotion"
    arguments = {"promotion_id": LARGE["id"], "limit": LARGE["page_size"]}
    ids: list[int] = []
    for _ in range(MOST_PAGES):
        page = expect_success(checks, what, await call("list_coupon_codes", arguments))
        size = len(page["coupon_codes"])
        checks.that(what, size <= LARGE["page_size"], f"{size} codes where {LARGE['page_size']} were asked for")
        ids += [coupon["id"] for coupon in page["coupon_codes"]]
        if not page["has_more"]:
            break
        cursor = page.get("next_cursor")
        checks.that(f"{what}: next_cursor", isinstance(cursor, str), f"has_more without a cursor: {shown(cursor)}")
        arguments["after"] = cursor
    else:
        raise Broken(f"{what}: no end after {MOST_PAGES} pages")
    checks.equal(f"{what}: codes", len(ids), LARGE["codes"])
    checks.equal(f"{what}: distinct ids", len(set(ids)), LARGE["codes"])


async def play_missing_promotion(call: Call, checks: Checks) -> None:
    """The model has to be able to go on, so the error names the promotions there are."""
    what = "missing promotion_id"
    result = await call("create_coupon_code", {"code": "INTEROP_NOWHERE"})
    expect_tool_error(checks, what, result)
    text = "\n".join(block.get("text", "") for block in result["content"])
    checks.that(f"{what}: promotion name", PROMOTION["name"] in text, f"no {PROMOTION['name']!r} in {shown(text)}")
    named = re.search(rf"\b{PROMOTION['id']}\b", text)
    checks.that(f"{what}: promotion id", named is not None, f"no id {PROMOTION['id']} in {shown(text)}")


async def play_reading(call: Call, checks: Checks) -> None:
    for reading in EXPECTED["readings"]:
        what = reading["tool"]
        answer = expect_success(checks, what, await call(what, reading["arguments"]))
        told = {name: answer.get(name) for name in reading["tells"]}
        checks.equal(f"{what}: what it tells", told, reading["tells"])


async def play_prompts(client: Client, checks: Checks) -> None:
    listed = (await client.list_prompts()).prompts
    arguments = {
        prompt.name: {argument.name: bool(argument.required) for argument in prompt.arguments or []}
        for prompt in listed
    }
    checks.equal("prompts and their arguments", arguments, EXPECTED["prompts"])

    wanted = EXPECTED["got_prompt"]
    got = on_the_wire(await client.get_prompt(wanted["name"], wanted["arguments"]))
    roles = [message["role"] for message in got["messages"]]
    checks.equal("prompt: roles", roles, ["user"])
    text = got["messages"][0]["content"].get("text", "")
    for word in wanted["says"]:
        checks.that("prompt: text", word in text, f"no {word!r} in {shown(text)}")
    await expect_refusal(checks, "prompt without its argument", client.get_prompt(wanted["name"], {}), INVALID_PARAMS)
    await expect_refusal(checks, "unknown prompt", client.get_prompt("no_such_prompt", {}), INVALID_PARAMS)


async def play_resources(client: Client, combination: Combination, call: Call, checks: Checks) -> None:
    """A promotion is found by list_promotions, so no resource is listed; each can be read."""
    checks.equal("resources", (await client.list_resources()).resources, [])
    templates = [on_the_wire(template) for template in (await client.list_resource_templates()).resource_templates]
    wanted = EXPECTED["resource_templates"]
    shown_templates = [{name: template.get(name) for name in wanted[0]} for template in templates]
    checks.equal("resource templates", shown_templates, wanted)

    uri = EXPECTED["resource"]
    (contents,) = on_the_wire(await client.read_resource(uri))["contents"]
    described = {"uri": contents["uri"], "mimeType": contents.get("mimeType")}
    checks.equal("resource", described, {"uri": uri, "mimeType": wanted[0]["mimeType"]})
    answer = expect_success(checks, "get_promotion", await call("get_promotion", {"promotion_id": PROMOTION["id"]}))
    checks.equal("resource: what get_promotion answers", json.loads(contents["text"]), answer)
    missing = client.read_resource(EXPECTED["missing_resource"])
    await expect_refusal(checks, "missing resource", missing, RESOURCE_NOT_FOUND[combination.version])


async def play_tokens(call: Call, code: str, checks: Checks) -> None:
    """The host cannot ask, so the model has to come back with what it was given. Removes what was made before."""
    what = "deletion without forms"
    codes = [code, f"{code}_NULLS"]
    confirmation = expect_confirmation(checks, what, await call("delete_coupon_codes", {"codes": codes}))
    filtered = {"promotion_id": PROMOTION["id"], "code": code}
    left = expect_success(checks, what, await call("list_coupon_codes", filtered))["coupon_codes"]
    checks.equal(f"{what}: still there", [coupon["code"] for coupon in left], [code])
    confirmed = await call("delete_coupon_codes", {"codes": codes} | confirmation)
    expect_deleted(checks, f"{what}, confirmed", confirmed, codes)
    left = expect_success(checks, what, await call("list_coupon_codes", filtered))["coupon_codes"]
    checks.equal(f"{what}, confirmed: still there", left, [])

    name = f"{code}_TOKEN"
    promotion_id = await play_ordinary_promotion(call, name, checks)
    stop = {"promotion_id": promotion_id, "status": "DISABLED"}
    stopped = expect_change(checks, "stop", await call("update_promotion", stop), "done")
    undone = expect_change(checks, "undo", await call("undo", {"change_id": stopped["change_id"]}), "done")
    checks.equal("undo: undone", undone["undone"], stopped["change_id"])
    promotion = {"promotion_ids": [promotion_id]}
    confirmation = expect_confirmation(checks, "deletion of the promotion", await call("delete_promotions", promotion))
    confirmed = await call("delete_promotions", promotion | confirmation)
    expect_change(checks, "deletion of the promotion, confirmed", confirmed, "done")
    await expect_no_promotion(call, name, checks)


async def play_ordinary_promotion(call: Call, name: str, checks: Checks) -> int:
    """20 percent, capped and ending: done at once, and only once. Its name is its only code, too."""
    what = "ordinary promotion"
    ends = date.today() + timedelta(days=EXPECTED["ordinary_promotion_days"])
    terms = EXPECTED["ordinary_promotion"] | {"name": name, "code": name, "ends_at": ends.isoformat()}
    made = expect_change(checks, what, await call("create_promotion", terms), "done")
    checks.equal(f"{what}: code", made.get("coupon_code", {}).get("code"), name)
    again = expect_change(checks, f"{what} again", await call("create_promotion", terms), "done")
    checks.equal(f"{what} again: promotion_id", again["promotion_id"], made["promotion_id"])
    checks.equal(f"{what}: codes", await codes_of(call, made["promotion_id"], checks), [name])
    return made["promotion_id"]


async def codes_of(call: Call, promotion_id: int, checks: Checks) -> list[str]:
    page = expect_success(checks, "codes", await call("list_coupon_codes", {"promotion_id": promotion_id}))
    return [coupon["code"] for coupon in page["coupon_codes"]]


async def expect_no_promotion(call: Call, name: str, checks: Checks) -> None:
    found = expect_success(checks, "look-up of the promotion", await call("list_promotions", {"query": name}))
    checks.equal(f"promotions named {name}", found["promotions"], [])


def expect_change(checks: Checks, what: str, result: Json, status: str) -> Json:
    answer = expect_success(checks, what, result)
    checks.that(f"{what}: status", answer.get("status") == status, f"wanted {status}, got {shown(answer)}")
    untouched = result["content"][0]["text"].startswith("Nothing has been changed")
    checks.equal(f"{what}: says that nothing has been changed", untouched, status != "done")
    return answer


def expect_confirmation(checks: Checks, what: str, result: Json) -> Json:
    """What the repeated call has to bring along."""
    answer = expect_change(checks, what, result, "needs_confirmation")
    text = answer.get("confirmation_text")
    checks.equal(f"{what}: confirmation_text", text, answer.get("preview", {}).get("headline"))
    return {name: answer[name] for name in ("confirmation_token", "confirmation_text")}


def expect_deleted(checks: Checks, what: str, result: Json, codes: list[str]) -> None:
    answer = expect_change(checks, what, result, "done")
    checks.equal(f"{what}: deleted", sorted(coupon["code"] for coupon in answer["deleted"]), sorted(codes))
    checks.equal(f"{what}: deleted_count", answer["deleted_count"], len(codes))


def expect_form(checks: Checks, what: str, asked: list[Json], about: str, questions: int = 1) -> None:
    """One question since the last look: about this, and with one box to tick."""
    checks.equal(f"{what}: questions", len(asked), questions)
    question = asked.pop()
    asked.clear()
    checks.that(f"{what}: question", about in question["message"], f"no {about!r} in {shown(question)}")
    schema = question["requestedSchema"]
    fields = {name: field["type"] for name, field in schema["properties"].items()}
    checks.equal(f"{what}: fields of the form", fields, {"confirm": "boolean"})
    checks.equal(f"{what}: required fields", schema["required"], ["confirm"])


def expect_success(checks: Checks, what: str, result: Json) -> Json:
    content = result.get("content") or [{}]
    checks.that(what, not result.get("isError"), f"tool error: {shown(content)}")
    no_text = f"no text for hosts that ignore structuredContent: {shown(content)}"
    checks.that(f"{what}: content", content[0].get("type") == "text", no_text)
    checks.that(f"{what}: structuredContent", "structuredContent" in result, "absent")
    return result["structuredContent"]


def expect_coupon(checks: Checks, what: str, result: Json, outcome: str) -> Json:
    answer = expect_success(checks, what, result)
    checks.equal(f"{what}: outcome", answer.get("outcome"), outcome)
    checks.equal(f"{what}: promotion_id", answer.get("promotion_id"), PROMOTION["id"])
    coupon = answer.get("coupon_code", {})
    identifier = coupon.get("id")
    positive = isinstance(identifier, int) and identifier > 0
    checks.that(f"{what}: id", positive, f"not a positive integer in {shown(coupon)}")
    checks.that(f"{what}: created", is_time(coupon.get("created")), f"not a time in {shown(coupon)}")
    return coupon


def expect_only_code(checks: Checks, what: str, result: Json, coupon: Json) -> None:
    answer = expect_success(checks, what, result)
    checks.equal(f"{what}: promotion_id", answer.get("promotion_id"), PROMOTION["id"])
    checks.equal(f"{what}: coupon_codes", answer.get("coupon_codes"), [coupon])
    checks.equal(f"{what}: has_more", answer.get("has_more"), False)


def expect_tool_error(checks: Checks, what: str, result: Json) -> None:
    checks.equal(f"{what}: isError", result.get("isError"), True)
    checks.equal(f"{what}: structuredContent of an error", result.get("structuredContent"), None)


def expect_conflict(checks: Checks, result: Json) -> None:
    what = "same code with other limits"
    expect_tool_error(checks, what, result)
    texts = [block.get("text", "") for block in result["content"]]
    checks.equal(f"{what}: content blocks", len(texts), 2)
    sentence, details = texts
    is_sentence = re.search(r"\w \w", sentence) is not None and not sentence.startswith("{")
    checks.that(f"{what}: sentence", is_sentence, f"not a sentence: {shown(sentence)}")
    error = json.loads(details)
    checks.equal(f"{what}: code", error.get("code"), "code_conflict")
    checks.equal(f"{what}: retryable", error.get("retryable"), False)
    for field in ("message", "hint"):
        checks.that(f"{what}: {field}", bool(error.get(field)), f"no text in {shown(error)}")


async def expect_refusal(checks: Checks, what: str, answer: Awaitable[object], code: int) -> None:
    """A protocol error; a tool result in its place means the model, not the host, was told."""
    try:
        result = await answer
    except MCPError as error:
        checks.equal(f"{what}: error code", error.code, code)
    else:
        raise Broken(f"{what}: wanted error {code}, got the answer {shown(result)}")


def code_for(combination: Combination) -> str:
    """Combinations share a server process, so each brings a code text of its own."""
    return "INTEROP_" + re.sub(r"[^A-Za-z0-9]+", "_", str(combination)).upper()


def is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 600 else text[:600] + "..."


def causes(error: BaseException) -> list[str]:
    """What went wrong, out of the groups that task groups wrap it in."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    if isinstance(error, Broken):
        return [str(error)]
    if isinstance(error, TimeoutError):
        return [f"not done within {LIMIT_S} s"]
    return [f"{type(error).__name__}: {error}"]


async def main(binary: str, base: str) -> int:
    for combination in COMBINATIONS:
        checks = Checks()
        try:
            with anyio.fail_after(LIMIT_S):
                async with connect(combination, binary, base) as client:
                    await play(client, combination, checks)
                person = Person()
                async with connect(combination, binary, base, person) as client:
                    await play_forms(client, combination, person, checks)
        except Exception as error:  # whatever an SDK raises is a failed combination
            print(f"FAILED {combination}: {'; '.join(causes(error))}", file=sys.stderr)
            return 1
        print(f"ok {combination} ({checks.passed} checks)", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python_client.py BINARY BASE_URL")
    sys.exit(anyio.run(main, sys.argv[1], sys.argv[2].rstrip("/")))
