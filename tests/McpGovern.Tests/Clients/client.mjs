// A public TypeScript client, driven from a test: node client.mjs <v1|v2|v2-auto|v2-pin> <target as JSON> [asked]
// The target is {command, args, env, cwd} or {url, headers, type}; type is http, or sse for the transport of 2024-11-05.
// Each line on stdin is one operation, each line on stdout its answer.
import { createInterface } from 'node:readline';
import process from 'node:process';

// With "asked" it can be asked: pages are opened, and a form is answered by the first word of the payment that is shown in it.
const [, , sdk, targetText, asked] = process.argv;
const target = JSON.parse(targetText);
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n');
const fault = (e) => ({ ok: false, error: { name: e.name, code: e.code ?? null, message: e.message } });

const questions = [];
const capabilities = asked ? { elicitation: { form: {}, url: {} } } : {};
const { client, transport } = await (sdk === 'v1' ? openV1() : openV2({ 'v2-auto': 'auto', 'v2-pin': { pin: '2026-07-28' } }[sdk] ?? 'legacy'));
try {
  await client.connect(transport);
} catch (e) {
  say(fault(e));
  process.exit(1);
}
say({ ok: true, server: client.getServerVersion(), protocol: client.getNegotiatedProtocolVersion?.() ?? null });

for await (const line of createInterface({ input: process.stdin })) {
  say(await perform(JSON.parse(line)).catch(fault));
}
await client.close();
process.exit(0);

async function perform(operation) {
  switch (operation.op) {
    case 'list':
      return { ok: true, tools: (await client.listTools()).tools };
    case 'call':
      return await call(operation);
    case 'calls':
      return { ok: true, answers: await Promise.all(operation.calls.map(call)), questions };
    default:
      throw new Error(`unknown operation ${operation.op}`);
  }
}

// cancelAfter: give up after that many progress notifications. meta: what a client adds to its request.
async function call({ name, arguments: args, meta, progress, cancelAfter }) {
  const abort = new AbortController();
  const seen = [];
  const onprogress = (p) => {
    seen.push(p.progress);
    if (cancelAfter && seen.length >= cancelAfter) abort.abort('the test gave up');
  };
  const options = { signal: abort.signal, timeout: 60_000, ...(progress || cancelAfter ? { onprogress } : {}) };
  const params = { name, arguments: args, ...(meta ? { _meta: meta } : {}) };
  try {
    const result = sdk === 'v1' ? await client.callTool(params, undefined, options) : await client.callTool(params, options);
    return { ok: true, result, progress: seen };
  } catch (e) {
    return { ...fault(e instanceof Error ? e : new Error(String(e))), progress: seen };
  }
}

function answer({ params }) {
  questions.push(params);
  const word = params.mode === 'url' ? 'open' : /"payment_id":"(\w+)-/.exec(params.message)[1];
  switch (word) {
    case 'yes':
    case 'no':
      return { action: 'accept', content: { approve: word === 'yes' } };
    case 'empty':
      return { action: 'accept', content: {} };
    case 'open':
      return { action: 'accept' };
    default:
      return { action: word };
  }
}

async function openV1() {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
  const client = new Client({ name: 'typescript-v1', version: '1.0.0' }, { capabilities });
  if (asked) client.setRequestHandler(ElicitRequestSchema, answer);
  return { client, transport: open(StdioClientTransport, StreamableHTTPClientTransport, SSEClientTransport) };
}

async function openV2(mode) {
  const { Client, StreamableHTTPClientTransport, SSEClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const client = new Client({ name: 'typescript-v2', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } });
  if (asked) client.setRequestHandler('elicitation/create', answer);
  return { client, transport: open(StdioClientTransport, StreamableHTTPClientTransport, SSEClientTransport) };
}

function open(Stdio, Http, Sse) {
  return target.url
    ? new (target.type === 'sse' ? Sse : Http)(new URL(target.url), { requestInit: { headers: target.headers ?? {} } })
    : new Stdio({ command: target.command, args: target.args, env: { ...process.env, ...target.env }, cwd: target.cwd, stderr: 'inherit' });
}
