// The tools, resources and prompts that the conformance suite's scenarios call, as a server over stdio that knows nothing of the stateless revision or of tasks.
import readline from 'node:readline';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';
const text = value => ({ type: 'text', text: value });
const image = { type: 'image', data: png, mimeType: 'image/png' };
const resource = (uri, mimeType, value) => ({ type: 'resource', resource: { uri, mimeType, text: value } });
const wait = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000));
const send = message => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

async function progress(token) {
  for (const done of [0, 50, 100]) {
    send({ method: 'notifications/progress', params: { progressToken: token, progress: done, total: 100 } });
    await wait(0.05);
  }
  return { content: [text('done')] };
}

const tools = {
  test_simple_text: () => ({ content: [text('This is a simple text response for testing.')] }),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({ content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')] }),
  test_multiple_content_types: () => ({
    content: [text('Multiple content types test:'), image, resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}')],
  }),
  test_error_handling: () => ({ content: [text('This tool intentionally returns an error for testing')], isError: true }),
  test_tool_with_progress: (_, meta) => progress(meta.progressToken),
  greet: ({ name }) => ({ content: [text(`Hello, ${name}!`)] }),
  slow_compute: async ({ seconds }) => { await wait(seconds ?? 0); return { content: [text('computed')] }; },
  failing_job: () => ({ content: [text('the job failed')], isError: true }),
  protocol_error_job: () => { throw new Error('the job crashed'); },
};

const schemas = {
  greet: { type: 'object', properties: { name: { type: 'string' } } },
  slow_compute: { type: 'object', properties: { seconds: { type: 'number' }, label: { type: 'string' } } },
};

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'This is a watched resource.' },
};

function read(uri) {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  const found = id
    ? { mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }
    : resources[uri];
  if (!found) throw Object.assign(new Error(`Resource not found: ${uri}`), { code: -32002 });
  return { contents: [{ uri, ...found }] };
}

const user = content => ({ role: 'user', content });

const prompts = {
  test_simple_prompt: () => [user(text('This is a simple prompt for testing.'))],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  test_prompt_with_embedded_resource: ({ resourceUri }) =>
    [user(resource(resourceUri, 'text/plain', 'Embedded resource content for testing.')), user(text('Please process the embedded resource above.'))],
  test_prompt_with_image: () => [user(image), user(text('Please analyze the image above.'))],
};

const argumentsOf = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

const capabilities = { tools: {}, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, completions: {} };

const methods = {
  initialize: () => ({ protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'conformance', version: '1' } }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.keys(tools).map(name => ({ name, description: name, inputSchema: schemas[name] ?? { type: 'object' } })) }),
  'resources/list': () => ({ resources: Object.keys(resources).map(uri => ({ uri, name: uri, description: uri, mimeType: resources[uri].mimeType })) }),
  'resources/templates/list': () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: 'a template', mimeType: 'application/json' }],
  }),
  'resources/read': ({ uri }) => read(uri),
  'resources/subscribe': () => ({}),
  'resources/unsubscribe': () => ({}),
  'prompts/list': () => ({
    prompts: Object.keys(prompts).map(name => ({
      name,
      description: name,
      arguments: (argumentsOf[name] ?? []).map(argument => ({ name: argument, description: argument, required: true })),
    })),
  }),
  'prompts/get': ({ name, arguments: given = {} }) => ({ messages: prompts[name](given) }),
  'completion/complete': () => ({ completion: { values: [], total: 0, hasMore: false } }),
  'tools/call': ({ name, arguments: given = {}, _meta = {} }) => tools[name](given, _meta),
};

readline.createInterface({ input: process.stdin }).on('line', async line => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  try {
    send(methods[method] ? { id, result: await methods[method](params) } : { id, error: { code: -32601, message: 'no such method' } });
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message } });
  }
}).on('close', () => process.exit());
