// The scenario that every TypeScript SDK client plays, and the loop that plays
// it over each transport and protocol era. An SDK generation plugs in with one
// `connect(transport, mode, target, elicit)` function.

import {
    Checks,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MOST_PAGES,
    expected,
    expectChange,
    expectCodes,
    expectConfirmation,
    expectConflict,
    expectCoupon,
    expectDeleted,
    expectForm,
    expectNoPromotion,
    expectOnlyCode,
    expectPage,
    expectPrompt,
    expectPrompts,
    expectPromotionsNamed,
    expectReading,
    expectResource,
    expectResources,
    expectServer,
    expectTools,
    expectWholeWalk,
    ordinaryPromotion,
} from './expectations.mjs';

const LIMIT_MS = 60_000;

/**
 * Plays the scenario once per combination `{transport, mode, version}`, one
 * after the other. Exits the process: 0 when all of them held, 1 at the first
 * that did not, 2 on wrong usage.
 *
 * `connect` returns `{client, protocolVersion, notFound, request}`: a connected
 * SDK client, what was negotiated, the error code of a resource that is not
 * there, and a way to send a bare request. Given `elicit`, the client declares
 * that it has forms, and answers one by what `elicit` makes of its `params`.
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
            const open = elicit => connect(transport, mode, target[transport], elicit);
            const checks = await withinLimit(play(open, version, codeFor(name)));
            console.log(`ok ${name} (${checks.passed} checks)`);
        } catch (error) {
            console.error(`FAILED ${name}: ${error.message}${error.code === undefined ? '' : ` (code ${error.code})`}`);
            process.exit(1);
        }
    }
    process.exit(0);
}

async function play(connect, version, code) {
    const checks = new Checks();
    await connected(await connect(), async ({ client, protocolVersion, notFound, request }, call) => {
        expectServer(checks, client.getServerVersion(), protocolVersion, version);
        // Also hands the output schemas to the SDK, which from here on
        // validates every structuredContent against them.
        expectTools(checks, (await client.listTools()).tools);
        await playTools(checks, call, code);
        await playPrompts(checks, client);
        await playResources(checks, client, call, notFound);
        await playTokens(checks, call, code);
        await expectRefusal(checks, 'unknown tool', call('no_such_tool', {}), INVALID_PARAMS);
        const ref = { type: 'ref/prompt', name: expected.got_prompt.name };
        const completion = request('completion/complete', { ref, argument: { name: 'code', value: 'S' } });
        await expectRefusal(checks, 'undeclared completion/complete', completion, METHOD_NOT_FOUND);
    });
    const person = { answer: expected.consent, asked: [] };
    const elicit = params => {
        person.asked.push(params);
        return person.answer;
    };
    await connected(await connect(elicit), async ({ client }, call) => {
        await client.listTools();
        await playForms(checks, call, code, person);
    });
    return checks;
}

async function connected(connection, work) {
    const { client } = connection;
    try {
        await work(connection, (tool, args) => client.callTool({ name: tool, arguments: args }));
    } finally {
        await client.close();
    }
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
    for (const reading of expected.readings) {
        expectReading(checks, reading, await call(reading.tool, reading.arguments));
    }
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

async function playPrompts(checks, client) {
    const { name, arguments: args } = expected.got_prompt;
    expectPrompts(checks, (await client.listPrompts()).prompts);
    expectPrompt(checks, await client.getPrompt({ name, arguments: args }));
    await expectRefusal(checks, 'prompt without its argument', client.getPrompt({ name, arguments: {} }), INVALID_PARAMS);
    await expectRefusal(checks, 'unknown prompt', client.getPrompt({ name: 'no_such_prompt' }), INVALID_PARAMS);
}

async function playResources(checks, client, call, notFound) {
    const { resources } = await client.listResources();
    const { resourceTemplates } = await client.listResourceTemplates();
    expectResources(checks, resources, resourceTemplates);
    const explained = await call('get_promotion', { promotion_id: expected.promotion.id });
    expectResource(checks, await client.readResource({ uri: expected.resource }), explained);
    const missing = client.readResource({ uri: expected.missing_resource });
    await expectRefusal(checks, 'missing resource', missing, notFound);
}

/** The host cannot ask, so the model has to come back with what it was given. Removes what was made before. */
async function playTokens(checks, call, code) {
    const what = 'deletion without forms';
    const codes = [code, `${code}_NULLS`];
    const list = () => call('list_coupon_codes', { promotion_id: expected.promotion.id, code });
    const token = expectConfirmation(checks, what, await call('delete_coupon_codes', { codes }));
    expectCodes(checks, `${what}: still there`, await list(), [code]);
    const deleted = await call('delete_coupon_codes', { codes, ...token });
    expectDeleted(checks, `${what}, confirmed`, deleted, codes);
    expectCodes(checks, `${what}, confirmed: still there`, await list(), []);

    const name = `${code}_TOKEN`;
    const promotion_id = await playOrdinaryPromotion(checks, call, name);
    const stop = await call('update_promotion', { promotion_id, status: 'DISABLED' });
    const stopped = expectChange(checks, 'stop', stop, 'done');
    const undone = expectChange(checks, 'undo', await call('undo', { change_id: stopped.change_id }), 'done');
    checks.equal('undo: undone', undone.undone, stopped.change_id);
    const remove = args => call('delete_promotions', { promotion_ids: [promotion_id], ...args });
    const agreed = expectConfirmation(checks, 'deletion of the promotion', await remove());
    expectChange(checks, 'deletion of the promotion, confirmed', await remove(agreed), 'done');
    expectNoPromotion(checks, name, await call('list_promotions', { query: name }));
}

/** The same server, for a host that can put its questions to a person. */
async function playForms(checks, call, code, person) {
    const name = `${code}_FORMS`;
    const renamed = `${name}_2`;
    const list = () => call('list_coupon_codes', { promotion_id });
    const remove = () => call('delete_coupon_codes', { codes: [renamed] });

    const promotion_id = await playOrdinaryPromotion(checks, call, name);
    checks.equal('ordinary promotion: questions', person.asked, []);

    const replaced = await call('replace_coupon_code', { code: name, new_code: renamed });
    expectChange(checks, 'replacement with a yes', replaced, 'done');
    expectForm(checks, 'replacement with a yes', person.asked, name);

    for (const { answer, status, questions } of expected.refusals) {
        const what = `deletion answered ${JSON.stringify(answer)}`;
        person.answer = answer;
        expectChange(checks, what, await remove(), status);
        expectForm(checks, what, person.asked, renamed, questions);
        expectCodes(checks, `${what}: codes left`, await list(), [renamed]);
    }

    person.answer = expected.consent;
    expectDeleted(checks, 'deletion with a yes', await remove(), [renamed]);
    expectForm(checks, 'deletion with a yes', person.asked, renamed);
    expectCodes(checks, 'deletion with a yes: codes left', await list(), []);

    const what = 'deletion of the promotion with a yes';
    expectChange(checks, what, await call('delete_promotions', { promotion_ids: [promotion_id] }), 'done');
    expectForm(checks, what, person.asked, name);
    expectNoPromotion(checks, name, await call('list_promotions', { query: name }));
}

/** Done at once, and only once. */
async function playOrdinaryPromotion(checks, call, name) {
    const what = 'ordinary promotion';
    const terms = ordinaryPromotion(name);
    const { promotion_id, coupon_code } = expectChange(checks, what, await call('create_promotion', terms), 'done');
    checks.equal(`${what}: code`, coupon_code?.code, name);
    const again = expectChange(checks, `${what} again`, await call('create_promotion', terms), 'done');
    checks.equal(`${what} again: promotion_id`, again.promotion_id, promotion_id);
    expectCodes(checks, `${what}: codes`, await call('list_coupon_codes', { promotion_id }), [name]);
    return promotion_id;
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
