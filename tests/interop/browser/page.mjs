// What the page runs, bundled for the browser: the official TypeScript clients,
// as an application's own page would use them.

import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const CLIENTS = {
    'ts-v1 http': base => [new ClientV1(NAME), new HttpV1(new URL('/mcp', base))],
    'ts-v1 sse': base => [new ClientV1(NAME), new SseV1(new URL('/sse', base))],
    'ts-v2 http legacy': base => [new ClientV2(NAME), new HttpV2(new URL('/mcp', base))],
    'ts-v2 http modern': base => [
        new ClientV2(NAME, { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
        new HttpV2(new URL('/mcp', base)),
    ],
};
const NAME = { name: 'interop-browser', version: '1.0.0' };

globalThis.clientNames = Object.keys(CLIENTS);

/** Connects, lists the tools, calls two, and hangs up; says what came. */
globalThis.play = async (name, base, code) => {
    const [client, transport] = CLIENTS[name](base);
    await client.connect(transport);
    try {
        const { tools } = await client.listTools();
        const created = await client.callTool({
            name: 'create_coupon_code',
            arguments: { promotion_id: 1, code },
        });
        const listed = await client.callTool({
            name: 'list_coupon_codes',
            arguments: { promotion_id: 1, code },
        });
        await transport.terminateSession?.();
        return {
            tools: tools.map(tool => tool.name),
            outcome: created.structuredContent?.outcome,
            codes: listed.structuredContent?.coupon_codes?.map(found => found.code),
        };
    } finally {
        await client.close();
    }
};

/** Fetches without any client; says the status, or that the browser hid it. */
globalThis.look = async (url, init) => {
    try {
        const answer = await fetch(url, init);
        return `${answer.status} ${await answer.text()}`;
    } catch {
        return 'hidden';
    }
};
