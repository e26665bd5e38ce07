"""What each framework is put through.

All tools are listed and shown to a model in the framework's own form; then a reading, a change and an error; at last
every tool with every optional argument empty, as models send them in strict mode.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT_S = 120

Json = dict[str, Any]


class Broken(Exception):
    """A check that did not hold. Its message is all the reader of a CI log gets."""


@dataclass
class Framework:
    """A framework with a session open."""

    name: str
    # The tools as a model sees them.
    tools: list[str]
    # Calls a tool and gives what the model would read.
    call: Callable[[str, Json], Awaitable[str]]


Opening = Callable[[str, list[str], dict[str, str]], AbstractAsyncContextManager[Framework]]


def check(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


async def play(framework: Framework, plan: Json) -> None:
    check(sorted(framework.tools) == plan["tools"], f"the tools are {framework.tools}")
    read = await framework.call("get_promotion", {"promotion_id": 1})
    check("Summer Sale" in read, f"get_promotion: {read}")
    code = f"BY-{framework.name.upper()}"
    made = await framework.call("create_coupon_code", {"promotion_id": 1, "code": code, "max_uses": 5})
    check(code in made and "created" in made, f"create_coupon_code: {made}")
    failed = await framework.call("get_promotion", {"promotion_id": 999999})
    check("unknown_promotion" in failed, f"an error without its code: {failed}")
    for call in plan["calls"]:
        answer = await framework.call(call["tool"], call["arguments"])
        fits = call["error"] in answer if call["error"] else "retryable" not in answer
        check(fits, f"{call['tool']} {json.dumps(call['arguments'])}: {answer[:600]}")


async def main(name: str, opening: Opening) -> None:
    binary = sys.argv[1]
    plan = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["stdio", "--sandbox", "--state-dir", f"{folder}/state", "--export-dir", f"{folder}/exports"]
        environment = {"PATH": os.environ["PATH"], "HOME": folder}
        async with asyncio.timeout(LIMIT_S):
            async with opening(binary, arguments, environment) as framework:
                await play(framework, plan)
    print(f"ok {name}: {len(plan['tools'])} tools, {len(plan['calls']) + 3} calls", flush=True)


def causes(error: BaseException) -> list[BaseException]:
    """What is in a group of exceptions, however deep: sessions wrap them."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for part in error.exceptions for cause in causes(part)]
    return [error]


def run(name: str, opening: Opening) -> None:
    try:
        asyncio.run(main(name, opening))
    except BaseException as error:
        for cause in causes(error):
            print(f"FAILED {name}: {type(cause).__name__}: {cause}", file=sys.stderr)
        sys.exit(1)
