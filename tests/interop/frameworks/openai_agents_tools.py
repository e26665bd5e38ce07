"""OpenAI's Agents SDK, strict and not."""

import json
import sys
from contextlib import asynccontextmanager

from agents import RunContextWrapper, set_tracing_disabled
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext

from play import Broken, Framework, run

STRICT = sys.argv[3] == "strict"
set_tracing_disabled(True)


@asynccontextmanager
async def opening(binary, arguments, environment):
    params = {"command": binary, "args": arguments, "env": environment}
    async with MCPServerStdio(params, client_session_timeout_seconds=60) as server:
        listed = await server.list_tools()
        tools = {tool.name: MCPUtil.to_function_tool(tool, server, STRICT) for tool in listed}
        for tool in tools.values():
            if tool.strict_json_schema != STRICT:
                raise Broken(f"{tool.name} cannot be made strict")

        async def call(name, arguments):
            text = json.dumps(arguments)
            context = ToolContext(context=None, tool_name=name, tool_call_id="1", tool_arguments=text)
            result = await tools[name].on_invoke_tool(context, text)
            return result if isinstance(result, str) else json.dumps(result, default=str)

        yield Framework("openai-agents", list(tools), call)


run(f"openai-agents {sys.argv[3]}", opening)
