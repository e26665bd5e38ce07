"""Google's Gen AI SDK, by which agents on Gemini use MCP servers."""

from contextlib import asynccontextmanager

from google.genai._mcp_utils import mcp_to_gemini_tool
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from play import Framework, run


@asynccontextmanager
async def opening(binary, arguments, environment):
    server = StdioServerParameters(command=binary, args=arguments, env=environment)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        listed = (await session.list_tools()).tools
        declared = [mcp_to_gemini_tool(tool).function_declarations for tool in listed]
        tools = [function.name for functions in declared for function in functions]

        async def call(name, arguments):
            result = await session.call_tool(name, arguments)
            # Gemini gets the result as it is.
            return result.model_dump_json(exclude_none=True)

        yield Framework("google-genai", tools, call)


run("google-genai", opening)
