// The scenario that every TypeScript SDK client plays, and the loop that plays
// it over each transport and protocol era. An SDK generation plugs in with one
// `connect(transport, mode, target)` function.

import {
    Checks,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MOST_PAGES,
    expected,
    expectConflict,
    expectCoupon,
    expectOnlyCode,
    expectPage,
    expectPromotionsNamed,
    expectServer,
    expectTools,
    expectWholeWalk,
} from './expectations.mjs';

const LIMIT_MS = 60_000;

/**
 * Plays the scenario once per combination `{transport, mode, version}`, one
 * after the other. Exits the process: 0 when all of them held, 1 at the first
 * that did not, 2 on wrong usage.
 *
 * `connect` returns `{client, protocolVersion, request}`: a connected SDK
 * client, what was negotiated, and a way to send a bare method.
 */
export async function playAll(clientName, combinations, connect) {
    const [binary, base, ...rest] = process.argv.slice(2);
    if (!base || rest.length > 0) {
        console.error('usage: node PROGRAM BINARY BASE_URL');
        process.exit(2);
    }
    const target = {
        stdio: { command: binary, args: ['stdio', '--sandbox'] },
        http: new URL('/mcp', base),
        sse: new URL('/sse', base),
    };
    for (const { transport, mode, version } of combinations) {
        const name = `${clientName} ${transport} ${mode}`;
        try {
            const checks = await withinLimit(play(() => connect(transport, mode, target[transport]), version, name));
            console.log(`ok ${name} (${checks.passed} checks)`);
        } catch (error) {
            console.error(`FAILED ${name}: ${error.message}${error.code === undefined ? '' : ` (code ${error.code})`}`);
            process.exit(1);
        }
    }
    process.exit(0);
}

async function play(connect, version, name) {
    const checks = new Checks();
    const { client, protocolVersion, request } = await connect();
    try {
        expectServer(checks, client.getServerVersion(), protocolVersion, version);
        // Also hands the output schemas to the SDK, which from here on
        // validates every structuredContent against them.
        expectTools(checks, (await client.listTools()).tools);
        await playTools(checks, (tool, args) => client.callTool({ name: tool, arguments: args }), codeFor(name));
        await expectRefusal(checks, 'unknown tool', client.callTool({ name: 'no_such_tool', arguments: {} }), INVALID_PARAMS);
        for (const method of ['prompts/list', 'resources/list']) {
            await expectRefusal(checks, `undeclared ${method}`, request(method), METHOD_NOT_FOUND);
        }
    } finally {
        await client.close();
    }
    return checks;
}

async function playTools(checks, call, code) {
    const { promotion, seeded_code: seeded, limits, other_limits: otherLimits } = expected;
    const promotion_id = promotion.id;
    const create = args => call('create_coupon_code', { promotion_id, ...args });
    const list = args => call('list_coupon_codes', { promotion_id, ...args });

    const created = expectCoupon(checks, 'create', await create({ code, ...limits }), 'created', code, limits);
    checks.equal('create: current_uses', created.current_uses, 0);
    const repeated = expectCoupon(checks, 'same call again', await create({ code, ...limits }), 'already_existed', code, limits);
    checks.equal('same call again: coupon_code', repeated, created);
    expectConflict(checks, await create({ code, ...otherLimits }));
    expectOnlyCode(checks, 'listing of the new code', await list({ code }), created);
    expectOnlyCode(checks, 'listing of the seeded code', await list({ code: seeded.code }), seeded);

    // Models send these although the input schema says integer; neither SDK
    // validates arguments before sending them.
    expectOnlyCode(checks, 'promotion_id sent as a string', await list({ promotion_id: String(promotion_id), code: seeded.code }), seeded);
    const unlimited = `${code}_NULLS`;
    const nulls = await create({ code: unlimited, max_uses: null, max_uses_per_customer: null });
    expectCoupon(checks, 'limits sent as null', nulls, 'created', unlimited);

    await walkLargePromotion(checks, call);
    expectPromotionsNamed(checks, await call('create_coupon_code', { code: `${code}_NOWHERE` }));
}

async function walkLargePromotion(checks, call) {
    const { id: promotion_id, page_size: limit } = expected.large_promotion;
    const pages = [];
    let after;
    do {
        const page = await call('list_coupon_codes', { promotion_id, limit, ...(after && { after }) });
        after = expectPage(checks, page);
        pages.push(page);
        checks.that('walk of the large promotion', pages.length <= MOST_PAGES, `no end after ${MOST_PAGES} pages`);
    } while (after);
    expectWholeWalk(checks, pages);
}

/** A protocol error is thrown by the SDK; a tool result in its place means the model, not the host, was told. */
async function expectRefusal(checks, what, answer, code) {
    const outcome = await answer.then(
        result => ({ answered: result }),
        error => ({ code: error.code, message: error.message }),
    );
    checks.that(what, outcome.code === code, `wanted error ${code}, got ${JSON.stringify(outcome)}`);
}

/** Combinations share a server process, so each brings a code text of its own. */
function codeFor(name) {
    return `INTEROP_${name.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()}`;
}

async function withinLimit(work) {
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
    });
    return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
