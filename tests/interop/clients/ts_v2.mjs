// Drives coupon-mcp with the TypeScript SDK, second generation.
// usage: node ts_v2.mjs BINARY BASE_URL

import { Client, SdkHttpError, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { playAll } from './scenario.mjs';

const LEGACY = '2025-11-25';
const MODERN = '2026-07-28';

const MODES = { legacy: 'legacy', auto: 'auto', [MODERN]: { pin: MODERN } };

// The older HTTP+SSE transport carries the initialize handshake only.
const COMBINATIONS = [
    ...['stdio', 'http'].flatMap(transport => [
        { transport, mode: 'legacy', version: LEGACY },
        { transport, mode: 'auto', version: MODERN },
        { transport, mode: MODERN, version: MODERN },
    ]),
    { transport: 'sse', mode: 'legacy', version: LEGACY },
];

const TRANSPORTS = {
    stdio: StdioClientTransport,
    http: StreamableHTTPClientTransport,
    sse: SSEClientTransport,
};

await playAll('ts-v2', COMBINATIONS, async (transport, mode, target, elicit) => {
    const client = new Client(
        { name: 'interop-ts-v2', version: '1.0.0' },
        { versionNegotiation: { mode: MODES[mode] }, capabilities: elicit ? { elicitation: { form: {} } } : {} },
    );
    if (elicit) client.setRequestHandler('elicitation/create', ({ params }) => elicit(params));
    await client.connect(new TRANSPORTS[transport](target));
    return {
        client,
        protocolVersion: client.getNegotiatedProtocolVersion(),
        // That of 2026-07-28; this SDK hands the older -32002 on as this one.
        notFound: -32602,
        request: (method, params) => client.request({ method, params }).catch(unwrapNotFound),
    };
});

/**
 * The 2026-07-28 revision answers an unknown method with HTTP 404 around the
 * JSON-RPC error, and this SDK hands a 404 on as a transport error, body unread.
 */
function unwrapNotFound(error) {
    if (error instanceof SdkHttpError && error.data?.status === 404) throw JSON.parse(error.data.text).error;
    throw error;
}
