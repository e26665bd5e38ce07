// Serves a page from several origins, opens it in Chromium, and lets it call a
// coupon-mcp server.
// usage: node drive.mjs BINARY CHROMIUM

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const LIMIT_MS = 60_000;
const [binary, browserPath] = process.argv.slice(2);
const ending = [];

function expect(holds, what) {
    if (!holds) throw new Error(what);
}

async function servePage(directory) {
    const script = join(directory, 'page.js');
    const bundled = await build({
        entryPoints: [new URL('page.mjs', import.meta.url).pathname],
        bundle: true,
        format: 'esm',
        platform: 'browser',
        write: false,
        outfile: script,
    });
    const server = createServer((request, response) => {
        const isScript = request.url === '/page.js';
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
        response.end(isScript ? bundled.outputFiles[0].text : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ending.push(() => server.close());
    return server.address().port;
}

async function serveStore(allowedOrigin) {
    const options = ['http', '--sandbox', '--listen', '127.0.0.1:0', '--allowed-origin', allowedOrigin];
    const server = spawn(binary, options, { stdio: ['ignore', 'ignore', 'pipe'] });
    ending.push(async () => {
        const ended = once(server, 'exit');
        if (server.kill()) await ended;
    });
    for await (const line of createInterface({ input: server.stderr })) {
        const [, address] = line.match(/listening on (http:\/\/[0-9.:]+)/) ?? [];
        if (address) {
            server.stderr.resume();
            return address;
        }
    }
    throw new Error('the server ended before it listened');
}

async function openBrowser(directory) {
    const browser = await chromium.launch({
        executablePath: browserPath,
        args: [
            '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync',
            // Names that are not loopback, and lead there all the same.
            '--host-resolver-rules=MAP *.example 127.0.0.1',
        ],
        env: { ...process.env, HOME: directory, NO_PROXY: '*' },
        timeout: LIMIT_MS,
    });
    ending.push(() => browser.close());
    return browser;
}

async function play() {
    const directory = await mkdtemp(join(tmpdir(), 'coupon-mcp-browser-'));
    ending.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const port = await servePage(directory);
    const base = await serveStore(`http://app.example:${port}`);
    const browser = await openBrowser(directory);
    const open = async origin => {
        const page = await browser.newPage();
        page.setDefaultTimeout(LIMIT_MS);
        await page.goto(origin);
        await page.waitForFunction(() => globalThis.look);
        return page;
    };

    let number = 0;
    for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, `http://app.example:${port}`]) {
        const page = await open(origin);
        for (const name of await page.evaluate(() => globalThis.clientNames)) {
            const code = `BROWSER${++number}`;
            const came = await page.evaluate(given => globalThis.play(...given), [name, base, code]);
            expect(came.tools.includes('create_coupon_code'), `${name} from ${origin}: ${JSON.stringify(came)}`);
            expect(came.outcome === 'created', `${name} from ${origin}: ${JSON.stringify(came)}`);
            expect(came.codes[0] === code, `${name} from ${origin}: ${JSON.stringify(came)}`);
            console.log(`ok browser ${name} from ${new URL(origin).hostname}`);
        }
        const lost = await page.evaluate(url => globalThis.look(url), `${base}/nowhere`);
        expect(lost.startsWith('404'), `a refusal can be read from ${origin}: ${lost}`);
    }

    const stranger = await open(`http://evil.example:${port}`);
    for (const name of await stranger.evaluate(() => globalThis.clientNames)) {
        const came = await stranger.evaluate(
            given => globalThis.play(...given).then(() => 'served', () => 'failed'),
            [name, base, 'STOLEN'],
        );
        expect(came === 'failed', `${name} is served to a foreign page`);
    }
    const seen = await stranger.evaluate(url => globalThis.look(url), `${base}/healthz`);
    expect(seen === 'hidden', `a foreign page sees: ${seen}`);
    // Without a preflight: what browsers send at once must have no effect either.
    const simple = { method: 'POST', mode: 'no-cors', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
    const blind = await stranger.evaluate(given => globalThis.look(...given), [`${base}/mcp`, simple]);
    expect(blind === '0 ' || blind === 'hidden', `a foreign page sees: ${blind}`);
    console.log('ok browser refused to a foreign page');
}

const limit = setTimeout(() => {
    console.error('FAILED browser: it did not end in time');
    process.exit(1);
}, 4 * LIMIT_MS);
try {
    await play();
} catch (error) {
    console.error(`FAILED browser: ${error.stack ?? error}`);
    process.exitCode = 1;
} finally {
    for (const end of ending.reverse()) await end();
    clearTimeout(limit);
}
