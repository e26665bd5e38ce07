"""Pydantic AI's toolset."""

import json
from contextlib import asynccontextmanager

from fastmcp.client.transports import StdioTransport
from pydantic_ai import RunContext
from pydantic_ai.exceptions import ModelRetry
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage

from play import Framework, run


@asynccontextmanager
async def opening(binary, arguments, environment):
    toolset = MCPToolset(StdioTransport(binary, arguments, env=environment), max_retries=3)
    context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    async with toolset:
        tools = await toolset.get_tools(context)

        async def call(name, arguments):
            try:
                result = await toolset.call_tool(name, arguments, context, tools[name])
            except ModelRetry as error:
                return str(error)
            return result if isinstance(result, str) else json.dumps(result, default=str, ensure_ascii=False)

        yield Framework("pydantic-ai", list(tools), call)


run("pydantic-ai", opening)
