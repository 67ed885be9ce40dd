/** A way to a server that passes on answers as they come, and can put something into a stream. */
import { createServer, request as httpRequest } from 'node:http';

const watchType = 'application/vnd.freehold.watch';

/** Close it when done. @param {string} target */
export const startStreamProxy = async (target) => {
  const proxy = {
    /** POSTs so far, those of watches too. */
    posts: 0,
    /** Watches so far. */
    watches: 0,
    /** What went through the last watch. @type {Buffer[]} */
    pieces: [],
    /** Into the stream of the last watch. @type {(bytes: Uint8Array) => void} */
    inject: () => {},
    /** Breaks the last watch. */
    cut: () => {},
  };
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    if (method === 'POST') proxy.posts += 1;
    const onward = httpRequest(new URL(url ?? '/', target), { method, headers }, (answer) => {
      const type = answer.headers['content-type'] ?? 'text/plain';
      const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
      response.writeHead(answer.statusCode ?? 500, { 'content-type': type, ...cors });
      answer.on('error', () => response.destroy());
      if (type === watchType) {
        proxy.watches += 1;
        proxy.pieces = [];
        proxy.inject = (bytes) => void response.write(bytes);
        proxy.cut = () => void response.destroy();
        answer.on('data', (piece) => proxy.pieces.push(piece));
      }
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => (server.closeAllConnections(), server.close());
  return Object.assign(proxy, { url: `http://127.0.0.1:${port}`, close });
};
