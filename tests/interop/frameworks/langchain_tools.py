"""LangChain's MCP adapters, with what ChatOpenAI makes of tools and results."""

import json
from contextlib import asynccontextmanager

from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai.chat_models.base import _convert_message_to_dict

from play import Broken, Framework, run


@asynccontextmanager
async def opening(binary, arguments, environment):
    connection = {"transport": "stdio", "command": binary, "args": arguments, "env": environment}
    client = MultiServerMCPClient({"coupons": connection})
    async with client.session("coupons") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        for tool in tools.values():
            convert_to_openai_tool(tool)
            convert_to_openai_tool(tool, strict=True)

        async def call(name, arguments):
            request = {"name": name, "args": arguments, "id": "1", "type": "tool_call"}
            message = await tools[name].ainvoke(request)
            # What goes to the model after the call. It takes nothing but text from a tool.
            sent = _convert_message_to_dict(message)
            blocks = sent["content"] if isinstance(sent["content"], list) else []
            if any(block["type"] != "text" for block in blocks):
                raise Broken(f"{name}: a model refuses {blocks}")
            return json.dumps(sent["content"], ensure_ascii=False)

        yield Framework("langchain", list(tools), call)


run("langchain", opening)
