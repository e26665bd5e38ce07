// Vercel's AI SDK, put through what play.py describes.
// usage: vercel.mjs BINARY PLAN

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMCPClient } from '@ai-sdk/mcp';
import { StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';
import { asSchema } from 'ai';

const [binary, planFile] = process.argv.slice(2);
const plan = JSON.parse(await readFile(planFile, 'utf8'));
const folder = await mkdtemp(join(tmpdir(), 'vercel-'));
const limit = setTimeout(() => {
  console.error('FAILED vercel: not done in time');
  process.exit(1);
}, 120_000);
let client;
try {
  const transport = new StdioMCPTransport({
    command: binary,
    args: ['stdio', '--sandbox', '--state-dir', join(folder, 'state'), '--export-dir', join(folder, 'exports')],
    env: { PATH: process.env.PATH, HOME: folder },
    stderr: 'ignore',
  });
  client = await createMCPClient({ transport });
  const tools = await client.tools();
  assert.deepEqual(Object.keys(tools).sort(), plan.tools);
  for (const [name, tool] of Object.entries(tools)) {
    const schema = await asSchema(tool.inputSchema).jsonSchema;
    assert.equal(schema.type, 'object', `${name}: ${JSON.stringify(schema)}`);
  }
  const call = async (name, input) =>
    JSON.stringify(await tools[name].execute(input, { toolCallId: '1', messages: [] }));
  const says = (answer, words, what) => assert.ok(answer.includes(words), `${what}: ${answer.slice(0, 600)}`);
  says(await call('get_promotion', { promotion_id: 1 }), 'Summer Sale', 'get_promotion');
  const made = await call('create_coupon_code', { promotion_id: 1, code: 'BY-VERCEL', max_uses: 5 });
  says(made, 'BY-VERCEL', 'create_coupon_code');
  says(await call('get_promotion', { promotion_id: 999999 }), 'unknown_promotion', 'an error without its code');
  for (const { tool, arguments: input, error } of plan.calls) {
    const answer = await call(tool, input);
    const what = `${tool} ${JSON.stringify(input)}`;
    if (error) says(answer, error, what);
    else assert.ok(!answer.includes('retryable'), `${what}: ${answer.slice(0, 600)}`);
  }
  console.log(`ok vercel: ${plan.tools.length} tools, ${plan.calls.length + 3} calls`);
} catch (error) {
  console.error(`FAILED vercel: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client?.close();
  await rm(folder, { recursive: true, force: true });
  clearTimeout(limit);
}
