// The conformance suite has no way to send a key: this stands in front of the gateway and adds it.
import http from 'node:http';

const [port, target, key] = process.argv.slice(2);
http.createServer((request, response) => {
  const headers = { ...request.headers, authorization: `Bearer ${key}` };
  const forwarded = http.request({ host: '127.0.0.1', port: target, path: request.url, method: request.method, headers }, answer => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  forwarded.on('error', () => response.destroy());
  response.on('close', () => forwarded.destroy());
  request.pipe(forwarded);
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
