"""Writes the calls that each framework makes, from the tools that the server publishes.

usage: plan.py BINARY >plan.json
"""

import json
import subprocess
import sys
from pathlib import Path

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))

# What a call needs besides what may be left out. A tool that is not here needs nothing.
NEEDED = {
    "get_promotion": {"promotion_id": 1},
    "list_coupon_codes": {"promotion_id": 1},
    "check_coupon_code": {"code": "SUMMER_SALE_2024"},
    "summarize_coupon_codes": {"promotion_id": 4},
    "create_coupon_code": {"promotion_id": 1, "code": "FORCED-1"},
    "generate_coupon_codes": {"promotion_id": 1, "count": 2},
    "import_coupon_codes": {"promotion_id": 1, "codes": ["FORCED-2"], "max_uses": 1},
    "create_promotion": {"name": "Forced", "discount_type": "percent", "discount_value": 10, "max_uses": 5},
    "update_promotion": {"promotion_id": 1, "max_uses": 500},
    "delete_coupon_codes": {"codes": ["FORCED-1"]},
    "delete_promotions": {"promotion_ids": [1]},
    "replace_coupon_code": {"code": "SUMMER_SALE_2024"},
    "control_job": {"job_id": "job_abcdefghijkl", "action": "cancel"},
}
# Tools that have nothing to work on, and the code with which they say so.
NOTHING_THERE = {"control_job": "unknown_job"}
EMPTY = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "plan", "version": "1"}}


def published(binary: str) -> dict[str, dict]:
    """The schemas of the tools' arguments."""
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ]
    spoken = "".join(json.dumps(request) + "\n" for request in requests)
    served = subprocess.run(
        [binary, "stdio", "--sandbox"], input=spoken, capture_output=True, text=True, timeout=60, check=True
    )
    answers = [json.loads(line) for line in served.stdout.splitlines()]
    [listed] = [answer["result"] for answer in answers if answer["id"] == 2]
    return {tool["name"]: tool["inputSchema"] for tool in listed["tools"]}


def forced(name: str, schema: dict) -> dict:
    """Arguments in which nothing is left out, as models send them in strict mode."""
    empty = {key: EMPTY[field["type"]] for key, field in schema["properties"].items()}
    return {**empty, **NEEDED.get(name, {})}


schemas = published(sys.argv[1])
if sorted(schemas) != EXPECTED["tools"]:
    sys.exit(f"plan: the server has other tools: {sorted(schemas)}")
calls = [
    {"tool": name, "arguments": forced(name, schema), "error": NOTHING_THERE.get(name)}
    for name, schema in schemas.items()
]
json.dump({"tools": sorted(schemas), "calls": calls}, sys.stdout, indent=1)
