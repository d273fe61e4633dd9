// A stand-in for the chat server, so that the widget can be tried in a browser by itself:
//   npm run build && npm run double       then open http://localhost:4310/
// Port 4310 is the website (localhost), port 4311 the chat server (127.0.0.1): two origins, as in real life.
// POST /agent on the chat server plays the agent: {"visitor":"v1","text":"Hello"} or {"content":{…}}, {"typing":true},
// {"down":true}, {"expire":true}, {"status":"read"}.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { WebSocketServer } from 'ws';

const dist = new URL('../../dist/', import.meta.url);
const TYPES = { js: 'text/javascript', css: 'text/css', html: 'text/html' };

export const CONFIG = { name: 'Northwind Coffee', color: '#0b6e4f', greeting: 'Hi there 👋 How can we help you today?', locale: null, position: 'right', require_identity: false };

export async function startDouble({ site = 4310, chat = 4311, config = CONFIG } = {}) {
  const chatOrigin = `http://127.0.0.1:${chat}`;
  const visitors = new Map();
  const tokens = new Map();
  const files = new Map();
  const sockets = new Set();
  const state = { config: { ...config }, down: false, requests: [], slowUploads: false };
  let ids = Date.now() * 1000;
  let tokenCount = 0;

  const visitor = (id) => {
    if (!visitors.has(id)) visitors.set(id, { id, messages: [], seq: 0, log: [], read: 0 });
    return visitors.get(id);
  };
  const publish = (who, message) => {
    who.seq += 1;
    who.log.push({ seq: who.seq, message: { ...message } });
    for (const socket of sockets) if (socket.visitor === who) socket.send(JSON.stringify({ type: 'message', seq: who.seq, message }));
  };
  const add = (who, fields) => {
    ids += 64;
    const message = { id: ids, client_id: null, from: 'agent', agent_name: 'Maya', at: Date.now() * 1000, status: 'sent', edited: false, deleted: false, ...fields };
    who.messages.push(message);
    publish(who, message);
    return message;
  };

  const body = async (request) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const json = (response, status, value, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(value === undefined ? '' : JSON.stringify(value));
  };
  const refuse = (response, status, code, message) => json(response, status, { error: { code, message } }, { 'access-control-allow-origin': '*' });

  const routes = {
    'GET /widget/v1/config': (request, response) => json(response, 200, state.config, { 'access-control-allow-origin': '*' }),
    'POST /widget/v1/sessions': async (request, response) => {
      const asked = JSON.parse(await body(request));
      const known = tokens.get(asked.token);
      // The token of somebody who was identified is proof enough.
      if (state.config.require_identity && !asked.user && !known?.id.startsWith('user-')) return refuse(response, 403, 'identity_required', 'Sign in on the website first.');
      const who = asked.user ? visitor(`user-${asked.user.id}`) : (known ?? visitor(`v${visitors.size + 1}`));
      const token = `token-${++tokenCount}`;
      tokens.set(token, who);
      const unread = who.messages.filter((message) => message.from === 'agent' && message.id > who.read).length;
      json(response, 200, { token, visitor_id: who.id, config: state.config, seq: who.seq, unread }, { 'access-control-allow-origin': '*' });
    },
    'GET /widget/v1/messages': (request, response, url, who) => {
      const before = Number(url.searchParams.get('before')) || Infinity;
      const limit = Number(url.searchParams.get('limit'));
      const older = who.messages.filter((message) => message.id < before);
      const items = older.slice(-limit);
      json(response, 200, { items, next_before: older.length > limit ? items[0].id : null, seq: who.seq, read_up_to: who.read || null });
    },
    'POST /widget/v1/messages': async (request, response, url, who) => {
      const { client_id, content } = JSON.parse(await body(request));
      const shown = content.type === 'attachment' ? { type: 'attachment', attachment: { ...files.get(content.attachment.id).attachment, caption: content.attachment.caption } } : content;
      const known = who.messages.find((message) => message.client_id === client_id);
      json(response, 200, known ?? add(who, { client_id, from: 'visitor', agent_name: null, content: shown }));
    },
    'POST /widget/v1/attachments': async (request, response) => {
      const raw = await body(request);
      const end = raw.indexOf('\r\n\r\n');
      const head = raw.subarray(0, end).toString();
      const boundary = head.split('\r\n')[0];
      const bytes = raw.subarray(end + 4, raw.lastIndexOf(boundary) - 2);
      const file_name = /filename="([^"]*)"/.exec(head)?.[1] ?? 'file';
      const mime = /content-type: (\S+)/i.exec(head)?.[1] ?? 'application/octet-stream';
      if (bytes.length > 2_000_000) return refuse(response, 413, 'too_large', 'The file is larger than 2 MB.');
      const id = (ids += 64);
      const attachment = { id, kind: mime.startsWith('image/') ? 'image' : 'file', state: 'ready', mime, file_name, size: bytes.length, url: `/widget/v1/attachments/${id}/${encodeURIComponent(file_name)}?t=x` };
      files.set(id, { bytes, attachment });
      json(response, 200, attachment);
    },
    'POST /widget/v1/read': async (request, response, url, who) => {
      who.read = Math.max(who.read, JSON.parse(await body(request)).up_to);
      response.writeHead(204).end();
    },
    'POST /agent': async (request, response) => {
      const order = JSON.parse(await body(request));
      json(response, 200, act(order));
    },
  };

  function act(order) {
    const who = order.visitor ? visitor(order.visitor) : [...visitors.values()].at(-1);
    if (order.down !== undefined) {
      state.down = order.down;
      if (order.down) for (const socket of sockets) socket.terminate();
    }
    if (order.expire) {
      tokens.clear();
      for (const socket of sockets) socket.close(4401);
    }
    if (order.typing) for (const socket of sockets) if (socket.visitor === who) socket.send('{"type":"typing"}');
    if (order.status) {
      for (const message of who.messages) {
        if (message.from !== 'visitor' || message.status === order.status) continue;
        message.status = order.status;
        publish(who, message);
      }
    }
    if (order.text || order.content) return add(who, { content: order.content ?? { type: 'text', text: order.text } });
    return {};
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, chatOrigin);
    state.requests.push(`${request.method} ${request.url}`);
    if (state.down && url.pathname !== '/agent') return request.socket.destroy();
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-origin': request.headers.origin ?? '*', 'access-control-allow-headers': 'content-type', 'access-control-allow-methods': 'GET, POST' });
      return response.end();
    }
    const asset = url.pathname === '/widget/loader.js' ? 'loader.js' : /^\/widget\/assets\/([\w.-]+)$/.exec(url.pathname)?.[1];
    if (asset) return serve(response, asset, { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'cache-control': 'no-cache' });
    if (url.pathname === '/widget/frame') {
      return serve(response, 'frame.html', {
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors http://localhost:*",
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'cross-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cache-control': 'no-cache',
      });
    }
    const file = /^\/widget\/v1\/attachments\/(\d+)\//.exec(url.pathname);
    if (file && request.method === 'GET') {
      const found = files.get(Number(file[1]));
      if (!found) return refuse(response, 404, 'not_found', 'There is no such file.');
      response.writeHead(200, { 'content-type': found.attachment.mime, 'x-content-type-options': 'nosniff' });
      return response.end(found.bytes);
    }
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return refuse(response, 404, 'not_found', 'There is nothing here.');
    let who;
    if (/\/v1\/(messages|attachments|read)$/.test(url.pathname)) {
      who = tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]);
      if (!who) return refuse(response, 401, 'unauthorized', 'This session has ended.');
    }
    // The widget may hang up, as when an upload is cancelled.
    await Promise.resolve(route(request, response, url, who)).catch(() => response.destroy());
  });

  async function serve(response, name, headers) {
    try {
      const bytes = await readFile(new URL(name, dist));
      response.writeHead(200, { 'content-type': `${TYPES[name.split('.').pop()]}; charset=utf-8`, ...headers });
      response.end(bytes);
    } catch {
      refuse(response, 404, 'not_found', 'There is no such file; build the widget first.');
    }
  }

  const live = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, raw, head) => {
    if (state.down || !request.url.startsWith('/widget/v1/socket')) return raw.destroy();
    live.handleUpgrade(request, raw, head, (socket) => {
      socket.on('message', (data) => {
        const frame = JSON.parse(data);
        if (frame.type === 'auth') {
          const who = tokens.get(frame.token);
          if (!who) return socket.close(4401);
          socket.visitor = who;
          sockets.add(socket);
          for (const entry of who.log.filter(({ seq }) => seq > frame.seq)) socket.send(JSON.stringify({ type: 'message', ...entry }));
          socket.send(JSON.stringify({ type: 'caught_up', seq: who.seq }));
        } else if (frame.type === 'ping') {
          socket.send('{"type":"pong"}');
        } else {
          state.requests.push(`WS ${frame.type}`);
        }
      });
      socket.on('close', () => sockets.delete(socket));
    });
  });

  const website = createServer((request, response) => {
    const { searchParams: asked } = new URL(request.url, 'http://localhost');
    const attributes = ['locale'].map((name) => (asked.get(name) ? ` data-${name}="${asked.get(name)}"` : '')).join('');
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      // What a strict website has to allow, and no more.
      // Isolated from other origins as strictly as a website can be.
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': `default-src 'none'; style-src 'nonce-page'; script-src 'nonce-page' ${chatOrigin}; frame-src ${chatOrigin}; connect-src ${chatOrigin}`,
    });
    response.end(`<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Northwind Coffee</title>
<style nonce="page">body{font:18px/1.6 Georgia,serif;max-width:640px;margin:60px auto;padding:0 24px}div,button,iframe{border:3px solid red}</style>
<script async src="${chatOrigin}/widget/loader.js" data-key="${asked.get('key') ?? 'abc123'}"${attributes}></script></head>
<body><h1>Northwind Coffee</h1><p>Freshly roasted beans, delivered to your door. ${'We have been roasting since 1987 and still taste every batch. '.repeat(6)}</p><p><a href="?page=2">Another page</a></p></body></html>`);
  });

  await new Promise((done) => server.listen(chat, '127.0.0.1', done));
  await new Promise((done) => website.listen(site, 'localhost', done));
  return {
    url: `http://localhost:${site}/`,
    state,
    visitors,
    act,
    async stop() {
      for (const socket of sockets) socket.terminate();
      server.closeAllConnections();
      website.closeAllConnections();
      await Promise.all([server, website].map((one) => new Promise((done) => one.close(done))));
    },
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { url } = await startDouble();
  console.log(`The website is at ${url}`);
}
