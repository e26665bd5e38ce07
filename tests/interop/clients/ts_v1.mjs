// Drives coupon-mcp with the TypeScript SDK, first generation, which most
// published hosts are still built on. It knows the initialize handshake only.
// usage: node ts_v1.mjs BINARY BASE_URL

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ResultSchema } from '@modelcontextprotocol/sdk/types.js';

import { playAll } from './scenario.mjs';

const TRANSPORTS = {
    stdio: StdioClientTransport,
    http: StreamableHTTPClientTransport,
    sse: SSEClientTransport,
};

const COMBINATIONS = Object.keys(TRANSPORTS).map(transport => ({ transport, mode: 'legacy', version: '2025-11-25' }));

await playAll('ts-v1', COMBINATIONS, async (transportName, _mode, target, elicit) => {
    const capabilities = elicit ? { elicitation: {} } : {};
    const client = new Client({ name: 'interop-ts-v1', version: '1.0.0' }, { capabilities });
    if (elicit) client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params));
    const transport = new TRANSPORTS[transportName](target);
    const negotiated = overheardVersion(transport);
    await client.connect(transport);
    return {
        client,
        protocolVersion: negotiated(),
        notFound: -32002,
        request: (method, params) => client.request({ method, params }, ResultSchema),
    };
});

/** This client keeps no record of the negotiated version; it only tells its transport. */
function overheardVersion(transport) {
    let version;
    const original = transport.setProtocolVersion?.bind(transport);
    transport.setProtocolVersion = value => {
        version = value;
        original?.(value);
    };
    return () => version;
}
