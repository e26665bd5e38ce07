// The assertions of inspector.sh: reads what the Inspector CLI printed with
// `--format json` and prints how many checks held.
// usage: node inspector_check.mjs EXPECTATION FILE... [-- ARGUMENT...]

import { readFileSync } from 'node:fs';

import {
    Broken,
    Checks,
    expected,
    expectChange,
    expectConfirmation,
    expectConflict,
    expectCoupon,
    expectDeleted,
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
} from './expectations.mjs';

const EXPECTATIONS = {
    server: (checks, [result], [version]) => expectServer(checks, result.serverInfo, result.protocolVersion, version),
    tools: (checks, [result]) => expectTools(checks, result.tools),
    created: (checks, [result], [code]) => {
        expectCoupon(checks, 'create', result, 'created', code, expected.limits);
    },
    'created-unlimited': (checks, [result], [code]) => {
        expectCoupon(checks, 'limits sent as null', result, 'created', code);
    },
    'already-existed': (checks, [result]) => {
        const { code, max_uses, max_uses_per_customer } = expected.seeded_code;
        const limits = { max_uses, max_uses_per_customer };
        const coupon = expectCoupon(checks, 'seeded code again', result, 'already_existed', code, limits);
        checks.equal('seeded code again: coupon_code', coupon, expected.seeded_code);
    },
    conflict: (checks, [result]) => expectConflict(checks, result),
    'seeded-code': (checks, [result]) => {
        expectOnlyCode(checks, 'listing of the seeded code', result, expected.seeded_code);
    },
    walk: (checks, pages) => {
        for (const page of pages) expectPage(checks, page);
        expectWholeWalk(checks, pages);
    },
    reading: (checks, [result], [index]) => expectReading(checks, expected.readings[index], result),
    prompts: (checks, [result]) => expectPrompts(checks, result.prompts),
    prompt: (checks, [result]) => expectPrompt(checks, result),
    resources: (checks, [listed, templates]) => {
        expectResources(checks, listed.resources, templates.resourceTemplates);
    },
    resource: (checks, [result, explained]) => expectResource(checks, result, explained),
    'promotion-created': (checks, [result], [code]) => {
        const answer = expectChange(checks, 'ordinary promotion', result, 'done');
        checks.equal('ordinary promotion: code', answer.coupon_code?.code, code);
    },
    confirmation: (checks, [result]) => {
        expectConfirmation(checks, 'deletion', result);
    },
    deleted: (checks, [result], [code]) => expectDeleted(checks, 'deletion, confirmed', result, [code]),
    'promotions-named': (checks, [result]) => expectPromotionsNamed(checks, result),
};

const [name, ...rest] = process.argv.slice(2);
const split = rest.includes('--') ? rest.indexOf('--') : rest.length;
const results = rest.slice(0, split).map(file => JSON.parse(readFileSync(file, 'utf8')).result);
const checks = new Checks();
try {
    EXPECTATIONS[name](checks, results, rest.slice(split + 1));
    console.log(checks.passed);
} catch (error) {
    // A stack trace helps with a mistake in this file, not with a check that did not hold.
    console.error(error instanceof Broken ? error.message : error);
    process.exit(1);
}
