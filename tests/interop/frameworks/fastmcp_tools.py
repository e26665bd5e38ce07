"""FastMCP's client."""

from contextlib import asynccontextmanager

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError

from play import Framework, run


@asynccontextmanager
async def opening(binary, arguments, environment):
    async with Client(StdioTransport(binary, arguments, env=environment)) as client:
        tools = [tool.name for tool in await client.list_tools()]

        async def call(name, arguments):
            try:
                result = await client.call_tool(name, arguments)
            except ToolError as error:
                return str(error)
            return "\n".join(block.text for block in result.content)

        yield Framework("fastmcp", tools, call)


run("fastmcp", opening)
