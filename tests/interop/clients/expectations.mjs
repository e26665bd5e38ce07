// What a correct coupon-mcp answers, as checks on the plain JSON that every
// JavaScript client sees. No client library here: the SDK programs and the
// Inspector script share this file.

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

export const expected = JSON.parse(readFileSync(new URL('expected.json', import.meta.url), 'utf8'));

export const INVALID_PARAMS = -32602;
export const METHOD_NOT_FOUND = -32601;

// A cursor that never ends must fail the walk long before the time limit does.
export const MOST_PAGES = 2 * (expected.large_promotion.codes / expected.large_promotion.page_size);

/** A check that did not hold. Its message is all the reader of a CI log gets. */
export class Broken extends Error {}

/** Counts the checks that held; the first that does not ends the combination. */
export class Checks {
    passed = 0;

    equal(what, actual, wanted) {
        this.that(what, isDeepStrictEqual(actual, wanted), `wanted ${shown(wanted)}, got ${shown(actual)}`);
    }

    that(what, holds, otherwise) {
        if (!holds) throw new Broken(`${what}: ${otherwise}`);
        this.passed += 1;
    }
}

export function expectServer(checks, server, protocolVersion, wantedVersion) {
    checks.equal('server name', server?.name, expected.server_name);
    checks.equal('negotiated protocol version', protocolVersion, wantedVersion);
}

export function expectTools(checks, tools) {
    checks.equal('tool names', tools.map(tool => tool.name).sort(), expected.tools);
    for (const tool of tools) {
        checks.equal(`${tool.name}: root type of inputSchema`, tool.inputSchema.type, 'object');
        checks.equal(`${tool.name}: root type of outputSchema`, tool.outputSchema?.type, 'object');
    }
}

/** A create_coupon_code answer; returns the code it carries. */
export function expectCoupon(checks, what, result, outcome, code, limits) {
    const answer = expectSuccess(checks, what, result);
    checks.equal(`${what}: outcome`, answer.outcome, outcome);
    checks.equal(`${what}: promotion_id`, answer.promotion_id, expected.promotion.id);
    const { coupon_code: coupon } = answer;
    checks.that(`${what}: id`, Number.isInteger(coupon?.id) && coupon.id > 0, `not a positive integer in ${shown(coupon)}`);
    checks.equal(`${what}: code`, coupon.code, code);
    if (limits) {
        const { max_uses, max_uses_per_customer } = coupon;
        checks.equal(`${what}: limits`, { max_uses, max_uses_per_customer }, limits);
    }
    checks.that(`${what}: created`, !Number.isNaN(Date.parse(coupon.created)), `not a time: ${shown(coupon.created)}`);
    return coupon;
}

/** A listing narrowed to one code: that code, whole, and nothing else. */
export function expectOnlyCode(checks, what, result, coupon) {
    const answer = expectSuccess(checks, what, result);
    checks.equal(`${what}: promotion_id`, answer.promotion_id, expected.promotion.id);
    checks.equal(`${what}: coupon_codes`, answer.coupon_codes, [coupon]);
    checks.equal(`${what}: has_more`, answer.has_more, false);
}

/** One page of the large promotion; returns the cursor of the next, or undefined after the last. */
export function expectPage(checks, result) {
    const what = 'page of the large promotion';
    const answer = expectSuccess(checks, what, result);
    const size = expected.large_promotion.page_size;
    checks.that(what, answer.coupon_codes.length <= size, `${answer.coupon_codes.length} codes where ${size} were asked for`);
    if (!answer.has_more) return undefined;
    checks.that(`${what}: next_cursor`, typeof answer.next_cursor === 'string', `has_more without a cursor: ${shown(answer.next_cursor)}`);
    return answer.next_cursor;
}

export function expectWholeWalk(checks, pages) {
    const ids = pages.flatMap(page => page.structuredContent.coupon_codes.map(coupon => coupon.id));
    checks.equal('codes seen by walking the large promotion', ids.length, expected.large_promotion.codes);
    checks.equal('distinct ids among them', new Set(ids).size, expected.large_promotion.codes);
}

export function expectConflict(checks, result) {
    const what = 'same code with other limits';
    expectToolError(checks, what, result);
    const [sentence, details] = result.content.map(block => block.text);
    checks.that(`${what}: sentence`, /\w \w/.test(sentence) && !sentence.startsWith('{'), `not a sentence: ${shown(sentence)}`);
    const error = JSON.parse(details ?? 'null');
    checks.equal(`${what}: code`, error?.code, 'code_conflict');
    checks.equal(`${what}: retryable`, error.retryable, false);
    for (const field of ['message', 'hint']) {
        checks.that(`${what}: ${field}`, typeof error[field] === 'string' && error[field] !== '', `no text: ${shown(error[field])}`);
    }
}

/** The model has to be able to go on, so the error names the promotions there are. */
export function expectPromotionsNamed(checks, result) {
    const what = 'missing promotion_id';
    expectToolError(checks, what, result);
    const text = result.content.map(block => block.text).join('\n');
    checks.that(`${what}: promotion name`, text.includes(expected.promotion.name), `no "${expected.promotion.name}" in ${shown(text)}`);
    checks.that(`${what}: promotion id`, new RegExp(`\\b${expected.promotion.id}\\b`).test(text), `no id ${expected.promotion.id} in ${shown(text)}`);
}

/** What a tool that only reads tells of what every fresh store holds. */
export function expectReading(checks, { tool, tells }, result) {
    const answer = expectSuccess(checks, tool, result);
    checks.equal(`${tool}: what it tells`, only(Object.keys(tells), answer), tells);
}

export function expectPrompts(checks, prompts) {
    const ofPrompt = prompt => Object.fromEntries((prompt.arguments ?? []).map(({ name, required }) => [name, required ?? false]));
    const listed = Object.fromEntries(prompts.map(prompt => [prompt.name, ofPrompt(prompt)]));
    checks.equal('prompts and their arguments', listed, expected.prompts);
}

export function expectPrompt(checks, { messages }) {
    checks.equal('prompt: roles', messages.map(message => message.role), ['user']);
    const { text } = messages[0].content;
    for (const word of expected.got_prompt.says) {
        checks.that('prompt: text', text?.includes(word), `no "${word}" in ${shown(text)}`);
    }
}

/** A promotion is found by list_promotions, so no resource is listed; each can be read. */
export function expectResources(checks, resources, templates) {
    checks.equal('resources', resources, []);
    const { resource_templates: wanted } = expected;
    checks.equal('resource templates', templates.map(template => only(Object.keys(wanted[0]), template)), wanted);
}

/** The resource of a promotion holds what get_promotion answers. */
export function expectResource(checks, { contents }, explained) {
    const { resource: uri, resource_templates: [{ mimeType }] } = expected;
    checks.equal('resource', contents.map(content => only(['uri', 'mimeType'], content)), [{ uri, mimeType }]);
    const answer = expectSuccess(checks, 'get_promotion', explained);
    checks.equal('resource: what get_promotion answers', JSON.parse(contents[0].text), answer);
}

/** The answer of a tool that changes the store; returns it. */
export function expectChange(checks, what, result, status) {
    const answer = expectSuccess(checks, what, result);
    checks.that(`${what}: status`, answer.status === status, `wanted ${status}, got ${shown(answer)}`);
    const untouched = result.content[0].text.startsWith('Nothing has been changed');
    checks.equal(`${what}: says that nothing has been changed`, untouched, status !== 'done');
    return answer;
}

/** Returns what the repeated call has to bring along. */
export function expectConfirmation(checks, what, result) {
    const { preview, ...answer } = expectChange(checks, what, result, 'needs_confirmation');
    checks.equal(`${what}: confirmation_text`, answer.confirmation_text, preview?.headline);
    return only(['confirmation_token', 'confirmation_text'], answer);
}

export function expectDeleted(checks, what, result, codes) {
    const answer = expectChange(checks, what, result, 'done');
    checks.equal(`${what}: deleted`, answer.deleted.map(coupon => coupon.code).sort(), [...codes].sort());
    checks.equal(`${what}: deleted_count`, answer.deleted_count, codes.length);
}

/** A listing of a promotion's codes, few as they are. */
export function expectCodes(checks, what, result, codes) {
    const answer = expectSuccess(checks, what, result);
    checks.equal(what, answer.coupon_codes.map(coupon => coupon.code), codes);
}

export function expectNoPromotion(checks, name, result) {
    checks.equal(`promotions named ${name}`, expectSuccess(checks, 'look-up of the promotion', result).promotions, []);
}

/** One question since the last look: about this, and with one box to tick. */
export function expectForm(checks, what, asked, about, questions = 1) {
    checks.equal(`${what}: questions`, asked.length, questions);
    const { message, requestedSchema: form } = asked.splice(0).pop();
    checks.that(`${what}: question`, message.includes(about), `no "${about}" in ${shown(message)}`);
    const fields = Object.entries(form.properties).map(([name, field]) => [name, field.type]);
    checks.equal(`${what}: fields of the form`, fields, [['confirm', 'boolean']]);
    checks.equal(`${what}: required fields`, form.required, ['confirm']);
}

/** Terms of a promotion that nobody is asked about: 20 percent, capped and ending. Its name is its only code, too. */
export function ordinaryPromotion(name) {
    const ends = new Date();
    ends.setUTCDate(ends.getUTCDate() + expected.ordinary_promotion_days);
    return { ...expected.ordinary_promotion, name, code: name, ends_at: ends.toISOString().slice(0, 10) };
}

function only(names, value) {
    return Object.fromEntries(names.map(name => [name, value[name]]));
}

function expectSuccess(checks, what, result) {
    checks.that(what, !result.isError, `tool error: ${shown(result.content)}`);
    checks.that(`${what}: content`, result.content?.[0]?.type === 'text', `no text for hosts that ignore structuredContent: ${shown(result.content)}`);
    checks.that(`${what}: structuredContent`, result.structuredContent !== undefined, 'absent');
    return result.structuredContent;
}

function expectToolError(checks, what, result) {
    checks.equal(`${what}: isError`, result.isError, true);
    checks.equal(`${what}: structuredContent of an error`, result.structuredContent, undefined);
}

function shown(value) {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 600 ? `${text.slice(0, 600)}...` : text;
}
