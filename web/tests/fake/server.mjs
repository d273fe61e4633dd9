// Plays the server for looking at the app: serves web/build and made-up data, with realtime. Never shipped.
//   node tests/fake/server.mjs [--port 8099] [--empty]
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { nextId, nowUs, preview, seed, sources } from './data.mjs';

const BUILD = fileURLToPath(new URL('../../build', import.meta.url));
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json'
};

class Refused extends Error {
  constructor(status, code, message, extra = {}) {
    super(message);
    Object.assign(this, { status, code, extra });
  }
}

export function startFake({ port = 0, empty = false } = {}) {
  const db = seed({ empty });
  const log = [];
  const sockets = new Set();
  let signedIn = true;
  let failing = null; // a path fragment that answers 500
  let delay = 0;

  const contactOf = (id) => {
    const contact = db.contacts.get(Number(id));
    if (!contact) throw new Refused(404, 'not_found', 'This contact does not exist.');
    return contact;
  };

  function emit(kind, actor, contact, parts = {}, payload = {}) {
    db.seq++;
    const at = nowUs();
    if (contact) contact.version++;
    const frame = {
      type: 'event',
      seq: db.seq,
      event: {
        seq: db.seq,
        at,
        kind,
        actor,
        contact_id: contact?.id ?? null,
        conversation_id: null,
        payload
      },
      ...(contact ? { contact: structuredClone(contact) } : {}),
      ...structuredClone(parts)
    };
    log.push(frame);
    if (contact && /^(conversation\.|contact\.(assignee|created|updated|channel))/.test(kind))
      db.timelines
        .get(contact.id)
        .push({ type: 'event', key: at, event: { at, seq: db.seq, kind, actor, payload } });
    for (const s of sockets) if (s.ready) send(s, frame);
  }
  function send(socket, frame) {
    if (frame.seq <= socket.seq) return;
    socket.send(JSON.stringify({ ...frame, prev: socket.seq }));
    socket.seq = frame.seq;
  }
  const me = () => ({ kind: 'user', id: db.session.user.id });

  function addMessage(contact, direction, content, extra = {}) {
    const at = nowUs();
    const detail = db.details.get(contact.id);
    const message = {
      id: nextId(),
      contact_id: contact.id,
      conversation_id: detail.conversation?.id ?? null,
      channel_id: extra.channel_id ?? contact.last_channel_id ?? db.channels[0]?.id,
      direction,
      content,
      sender:
        direction === 'incoming'
          ? { source: 'contact', user_id: null }
          : { source: 'user', user_id: db.session.user.id },
      status: direction === 'outgoing' ? 'pending' : null,
      failure: null,
      history: [],
      reply_to: null,
      album: null,
      forwarded: false,
      reactions: [],
      client_id: null,
      provider_at: null,
      created_at: at,
      edited_at: null,
      deleted_at: null,
      version: 1,
      ...extra
    };
    db.timelines.get(contact.id).push({ type: 'message', key: message.id, message });
    contact.sort_at = at;
    contact.last_message = {
      id: message.id,
      direction,
      type: content.type,
      preview: preview(content),
      status: message.status,
      at
    };
    if (direction === 'incoming') {
      contact.unread_count++;
      contact.last_incoming_at = at;
    }
    if (contact.status === 'closed')
      open(contact, direction === 'incoming' ? { kind: 'contact', id: contact.id } : me());
    emit(
      direction === 'incoming' ? 'message.received' : 'message.sent',
      direction === 'incoming' ? { kind: 'contact', id: contact.id } : me(),
      contact,
      { message }
    );
    return message;
  }
  function open(contact, actor) {
    contact.status = 'open';
    contact.opened_at = nowUs();
    contact.snoozed_until = null;
    const conversation = {
      id: nextId(),
      contact_id: contact.id,
      status: 'open',
      opened_at: contact.opened_at,
      opened_source: actor.kind,
      opened_by: actor.kind === 'user' ? actor.id : null,
      closed_at: null,
      closed_by: null,
      closed_source: null,
      category: null,
      summary: null,
      snoozed_until: null,
      incoming_count: 0,
      outgoing_count: 0,
      first_response_at: null,
      version: 1
    };
    db.details.get(contact.id).conversation = conversation;
    emit('conversation.opened', actor, contact, { conversation }, { source: actor.kind });
  }
  function progress(message, statuses) {
    const contact = db.contacts.get(message.contact_id);
    statuses.forEach((status, i) =>
      setTimeout(
        () => {
          message.status = status;
          message.version++;
          message.history.push({ status, at: nowUs() });
          if (contact.last_message?.id === message.id) contact.last_message.status = status;
          emit('message.status', { kind: 'system', id: null }, contact, { message });
        },
        300 * (i + 1)
      )
    );
  }

  const inboxOf = (name) =>
    [...db.contacts.values()].filter((c) =>
      name === 'mine'
        ? c.assignee_id === db.session.user.id
        : name === 'unassigned'
          ? c.assignee_id === null
          : true
    );

  const routes = [
    [
      'GET',
      /^\/api\/session$/,
      () => {
        if (!signedIn) throw new Refused(401, 'unauthenticated', 'Sign in first.');
        return db.session;
      }
    ],
    [
      'POST',
      /^\/api\/session$/,
      (_, body) => {
        if (body.password !== 'correct horse')
          throw new Refused(401, 'wrong_credentials', 'Email or password is wrong.');
        signedIn = true;
        return db.session;
      }
    ],
    [
      'DELETE',
      /^\/api\/session$/,
      () => {
        signedIn = false;
        for (const s of sockets) s.close(4401);
      }
    ],
    [
      'PATCH',
      /^\/api\/me$/,
      (_, body) => {
        if (body.new_password && body.current_password !== 'correct horse')
          throw new Refused(400, 'wrong_password', 'The current password is wrong.', {
            field: 'current_password'
          });
        Object.assign(
          db.session.user,
          Object.fromEntries(['first_name', 'last_name'].filter((k) => k in body).map((k) => [k, body[k]]))
        );
        return db.session;
      }
    ],
    [
      'GET',
      /^\/api\/invitations\/(\w+)$/,
      ([token]) => {
        if (token === 'gone') throw new Refused(404, 'not_found', 'This invitation is no longer valid.');
        return {
          email: 'lea@northwind.test',
          workspace_name: 'Northwind Coffee',
          role: 'agent',
          account_exists: token === 'known'
        };
      }
    ],
    [
      'POST',
      /^\/api\/invitations\/(\w+)$/,
      () => {
        signedIn = true;
        return db.session;
      }
    ],
    ['GET', /^\/api\/channel-sources$/, () => sources],
    ['GET', /^\/api\/workspaces\/\d+$/, () => ({ ...db.workspace, seq: db.seq })],
    [
      'PATCH',
      /^\/api\/workspaces\/\d+$/,
      (_, body) => {
        Object.assign(db.workspace, body);
        emit('workspace.updated', me(), null);
        return { ...db.workspace, seq: db.seq };
      }
    ],
    ['GET', /\/users$/, () => db.users],
    [
      'PATCH',
      /\/users\/(\d+)$/,
      ([id], body) => {
        const u = db.users.find((x) => x.id === Number(id));
        Object.assign(u, body);
        emit('user.updated', me(), null, {}, { user_id: u.id });
        return u;
      }
    ],
    [
      'DELETE',
      /\/users\/(\d+)$/,
      ([id]) => {
        db.users.find((x) => x.id === Number(id)).removed = true;
        emit('user.removed', me(), null, {}, { user_id: Number(id) });
      }
    ],
    ['GET', /\/invitations$/, () => db.invitations],
    [
      'POST',
      /\/invitations$/,
      (_, body) => {
        const inv = {
          id: nextId(),
          ...body,
          invited_by: 7,
          created_at: nowUs(),
          expires_at: nowUs() + 7 * 86_400_000_000
        };
        db.invitations.push(inv);
        return { ...inv, url: 'https://chat.northwind.test/invite/k3Jx9QmZpT2v' };
      }
    ],
    [
      'DELETE',
      /\/invitations\/(\d+)$/,
      ([id]) => {
        db.invitations = db.invitations.filter((x) => x.id !== Number(id));
      }
    ],
    ['GET', /\/channels$/, () => db.channels],
    ['POST', /\/channels\/check$/, (_, body) => check(body)],
    [
      'POST',
      /\/channels$/,
      (_, body) => {
        check(body);
        const source = sources.find((s) => s.source === body.source);
        const id = nextId();
        const channel = {
          id,
          source: body.source,
          name: body.name || `${source.label} (new)`,
          address: '@new_bot',
          status: 'connected',
          status_text: null,
          webhook_url: `https://chat.northwind.test/webhooks/${body.source}/${id}`,
          public_id: `pub_${id}`,
          config: {},
          simulated: body.simulated,
          created_at: nowUs(),
          secret_hint: '…9f2c',
          capabilities: source.capabilities
        };
        db.channels.push(channel);
        emit('channel.connected', me(), null);
        return { channel, secret: 'ism_wh_6a1f0c9d2e7b', warning: null };
      }
    ],
    [
      'PATCH',
      /\/channels\/(\d+)$/,
      ([id], body) => {
        const c = db.channels.find((x) => x.id === Number(id));
        if (body.name) c.name = body.name;
        Object.assign(c.config, body.config);
        emit('channel.updated', me(), null);
        return c;
      }
    ],
    [
      'POST',
      /\/channels\/(\d+)\/reconnect$/,
      ([id]) => {
        const c = db.channels.find((x) => x.id === Number(id));
        Object.assign(c, { status: 'connected', status_text: null });
        emit('channel.updated', me(), null);
        return { channel: c, warning: null };
      }
    ],
    ['GET', /\/channels\/(\d+)\/secret$/, () => ({ secret: 'ism_wh_6a1f0c9d2e7b' })],
    [
      'DELETE',
      /\/channels\/(\d+)$/,
      ([id]) => {
        db.channels = db.channels.filter((x) => x.id !== Number(id));
        emit('channel.deleted', me(), null);
      }
    ],
    ['GET', /\/closing-categories$/, () => db.categories],
    [
      'POST',
      /\/closing-categories$/,
      (_, body) => {
        const c = { id: nextId(), ...body, position: db.categories.length };
        db.categories.push(c);
        return c;
      }
    ],
    [
      'PATCH',
      /\/closing-categories\/(\d+)$/,
      ([id], body) => {
        const c = db.categories.find((x) => x.id === Number(id));
        if ('position' in body) {
          db.categories = db.categories.filter((x) => x !== c);
          db.categories.splice(body.position, 0, c);
          db.categories.forEach((x, i) => (x.position = i));
        }
        Object.assign(c, { ...body, position: c.position });
        return c;
      }
    ],
    [
      'DELETE',
      /\/closing-categories\/(\d+)$/,
      ([id]) => {
        db.categories = db.categories.filter((x) => x.id !== Number(id));
      }
    ],
    [
      'GET',
      /\/inbox\/counters$/,
      () =>
        Object.fromEntries(
          ['all', 'mine', 'unassigned'].map((n) => {
            const open = inboxOf(n).filter((c) => c.status === 'open');
            return [n, { open: open.length, unread: open.filter((c) => c.unread_count).length }];
          })
        )
    ],
    [
      'GET',
      /\/inbox$/,
      (_, __, q) => {
        let rows = inboxOf(q.get('inbox') ?? 'all');
        const status = q.get('status') ?? 'open';
        const text = (q.get('q') ?? '').toLowerCase();
        if (status !== 'all') rows = rows.filter((c) => c.status === status);
        if (text) rows = rows.filter((c) => `${c.name} ${c.phone} ${c.email}`.toLowerCase().includes(text));
        if (q.get('unreplied')) rows = rows.filter((c) => c.last_message?.direction === 'incoming');
        const at = (c) => c.last_message?.at ?? c.created_at;
        const sort = q.get('sort') ?? 'newest';
        rows.sort((a, b) =>
          sort === 'newest'
            ? at(b) - at(a)
            : sort === 'oldest'
              ? at(a) - at(b)
              : (a.opened_at ?? Infinity) - (b.opened_at ?? Infinity)
        );
        const from = Number(q.get('cursor') ?? 0);
        const limit = Number(q.get('limit') ?? 50);
        return {
          items: rows.slice(from, from + limit),
          next_cursor: from + limit < rows.length ? String(from + limit) : null,
          seq: db.seq
        };
      }
    ],
    [
      'POST',
      /\/contacts$/,
      (_, body) => {
        const same = [...db.contacts.values()].find((c) => body.phone && c.phone === body.phone);
        if (same)
          throw new Refused(409, 'contact_exists', 'A contact with this phone exists.', {
            contact_id: same.id
          });
        const id = nextId();
        const contact = {
          id,
          last_name: '',
          phone: null,
          email: null,
          ...body,
          name: `${body.first_name} ${body.last_name ?? ''}`.trim(),
          language: null,
          country_code: null,
          picture: null,
          assignee_id: null,
          is_blocked: false,
          status: 'closed',
          snoozed_until: null,
          unread_count: 0,
          last_message: null,
          last_channel_id: null,
          last_incoming_at: null,
          opened_at: null,
          created_at: nowUs(),
          version: 1
        };
        db.contacts.set(id, contact);
        db.timelines.set(id, []);
        db.details.set(id, { channels: [], conversation: null });
        emit('contact.created', me(), contact);
        return contact;
      }
    ],
    [
      'GET',
      /\/contacts\/(\d+)$/,
      ([id]) => ({ contact: contactOf(id), ...db.details.get(Number(id)), seq: db.seq })
    ],
    [
      'PATCH',
      /\/contacts\/(\d+)$/,
      ([id], body) => {
        const c = contactOf(id);
        if (body.phone && !/^\+?[\d\s]{6,}$/.test(body.phone))
          throw new Refused(
            400,
            'invalid',
            'This is not a phone number. Write it with the country code, for example +46 70 123 45 67.',
            { field: 'phone' }
          );
        const changes = Object.fromEntries(Object.entries(body).map(([k, v]) => [k, [c[k], v]]));
        Object.assign(c, body);
        c.name = `${c.first_name} ${c.last_name}`.trim() || c.phone || c.email || c.name;
        emit('contact.updated', me(), c, {}, { changes });
        return c;
      }
    ],
    [
      'GET',
      /\/contacts\/(\d+)\/timeline$/,
      ([id], _, q) => {
        contactOf(id);
        const before = q.get('before') ? Number(q.get('before')) : Infinity;
        const items = db.timelines.get(Number(id)).filter((i) => i.key < before);
        const limit = Number(q.get('limit') ?? 50);
        const page = items.slice(-limit);
        return { items: page, next_before: items.length > limit ? page[0].key : null, seq: db.seq };
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/messages$/,
      ([id], body) => {
        const held = db.byClientId.get(body.client_id);
        if (held) return held;
        const c = contactOf(id);
        let content = body.content;
        if (content.type === 'attachment') {
          const f = db.files.get(content.attachment.id);
          content = { type: 'attachment', attachment: { ...f.meta, state: 'ready', ...content.attachment } };
        }
        if (c.assignee_id === null) {
          c.assignee_id = db.session.user.id;
          emit('contact.assignee.updated', me(), c, {}, { from: null, to: c.assignee_id });
        }
        const quoted = body.reply_to && db.timelines.get(c.id).find((i) => i.key === body.reply_to)?.message;
        const message = addMessage(c, 'outgoing', content, {
          client_id: body.client_id,
          ...(body.channel_id ? { channel_id: body.channel_id } : {}),
          reply_to: quoted
            ? { id: quoted.id, direction: quoted.direction, preview: preview(quoted.content) }
            : null
        });
        db.byClientId.set(body.client_id, message);
        progress(message, ['sent', 'delivered', 'read']);
        return message;
      }
    ],
    [
      'POST',
      /\/messages\/(\d+)\/retry$/,
      ([id]) => {
        const m = [...db.timelines.values()].flat().find((i) => i.key === Number(id)).message;
        Object.assign(m, { status: 'pending', failure: null, version: m.version + 1 });
        progress(m, ['sent', 'delivered']);
        return m;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/comments$/,
      ([id], body) => {
        const c = contactOf(id);
        const comment = {
          id: nextId(),
          contact_id: c.id,
          conversation_id: null,
          author_id: 7,
          author_source: 'user',
          text: body.text,
          mentions: [],
          client_id: body.client_id,
          created_at: nowUs(),
          version: 1
        };
        db.timelines.get(c.id).push({ type: 'comment', key: comment.id, comment });
        emit('comment.created', me(), c, { comment });
        return comment;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/assignee$/,
      ([id], body) => {
        const c = contactOf(id);
        const from = c.assignee_id;
        c.assignee_id = body.user_id;
        emit('contact.assignee.updated', me(), c, {}, { from, to: body.user_id });
        return c;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/open$/,
      ([id]) => {
        const c = contactOf(id);
        open(c, me());
        return c;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/close$/,
      ([id], body) => {
        const c = contactOf(id);
        const category = db.categories.find((x) => x.id === body.category_id)?.name ?? null;
        if (
          db.workspace.closing_note_mode !== 'disabled' &&
          !category &&
          db.workspace.closing_note_mode !== 'optional'
        )
          throw new Refused(400, 'closing_note_required', 'Choose a category.', { field: 'category_id' });
        const detail = db.details.get(c.id);
        Object.assign(c, { status: 'closed', opened_at: null, snoozed_until: null });
        const conversation = detail.conversation && {
          ...detail.conversation,
          status: 'closed',
          version: detail.conversation.version + 1
        };
        detail.conversation = null;
        emit('conversation.closed', me(), c, conversation ? { conversation } : {}, {
          source: 'user',
          category,
          summary: body.summary ?? null
        });
        return c;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/(snooze|unsnooze)$/,
      ([id, what], body) => {
        const c = contactOf(id);
        const on = what === 'snooze';
        Object.assign(c, { status: on ? 'snoozed' : 'open', snoozed_until: on ? body.until : null });
        emit(`conversation.${what}d`, me(), c, {}, on ? { until: body.until } : { reason: 'user' });
        return c;
      }
    ],
    [
      'POST',
      /\/contacts\/(\d+)\/(read|unread)$/,
      ([id, what]) => {
        const c = contactOf(id);
        c.unread_count = what === 'read' ? 0 : 1;
        emit(`contact.${what}`, me(), c);
        return c;
      }
    ],
    // For looking at states: /__fake/incoming, /__fake/typing, /__fake/drop, /__fake/fail, /__fake/sign-out
    [
      'POST',
      /^\/__fake\/incoming$/,
      (_, body) => {
        const c = body.contact_id ? contactOf(body.contact_id) : [...db.contacts.values()][body.index ?? 0];
        return addMessage(c, 'incoming', { type: 'text', text: body.text ?? 'A new message' });
      }
    ],
    [
      'POST',
      /^\/__fake\/typing$/,
      (_, body) => {
        const c = [...db.contacts.values()][body.index ?? 0];
        for (const s of sockets)
          s.send(JSON.stringify({ type: 'typing', contact_id: c.id, user_id: body.user_id ?? null }));
      }
    ],
    [
      'POST',
      /^\/__fake\/drop$/,
      () => {
        for (const s of sockets) s.close(1012);
      }
    ],
    [
      'POST',
      /^\/__fake\/reload$/,
      () => {
        for (const s of sockets) {
          s.seq = db.seq;
          s.send(JSON.stringify({ type: 'reload', seq: db.seq }));
        }
      }
    ],
    [
      'POST',
      /^\/__fake\/fail$/,
      (_, body) => {
        failing = body.path ?? null;
        delay = body.delay ?? 0;
      }
    ],
    [
      'POST',
      /^\/__fake\/sign-out$/,
      () => {
        signedIn = false;
      }
    ],
    ['GET', /^\/__fake\/contacts$/, () => [...db.contacts.values()].map(({ id, name }) => ({ id, name }))]
  ];

  function check(body) {
    const token = body.config.bot_token ?? '';
    if (body.source === 'telegram' && !body.simulated && !/^\d+:/.test(token))
      throw new Refused(
        400,
        'provider_refused',
        'Telegram does not know this token. Copy it again from @BotFather.',
        { field: 'bot_token' }
      );
    return { ok: true, name: 'Northwind Helper', address: '@northwind_helper_bot', warning: null };
  }

  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x');
    const reply = (status, value, headers = {}) => {
      res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      res.end(value === undefined ? '' : JSON.stringify(value));
    };
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    if (delay && url.pathname.startsWith('/api')) await new Promise((r) => setTimeout(r, delay));
    try {
      if (url.pathname.startsWith('/api/') && failing && url.pathname.includes(failing))
        throw new Refused(500, 'internal', 'The server had a problem. Try again in a moment.');
      if (url.pathname.startsWith('/api/') && req.method !== 'GET' && req.headers['x-ism-client'] !== 'web')
        throw new Refused(403, 'csrf', 'The header X-ISM-Client is missing.');
      if (url.pathname.startsWith('/api/workspaces') && !signedIn)
        throw new Refused(401, 'unauthenticated', 'Your session has ended.');
      const served = /\/attachments\/(\d+)\/[^/]+$/.exec(url.pathname);
      if (served && req.method === 'GET') {
        const f = db.files.get(Number(served[1]));
        if (!f) throw new Refused(404, 'not_found', 'No such file.');
        res.writeHead(200, { 'Content-Type': f.mime });
        return res.end(f.body);
      }
      if (/\/attachments$/.test(url.pathname) && req.method === 'POST') {
        const text = raw.toString('latin1');
        const name = /filename="([^"]*)"/.exec(text)?.[1] ?? 'file';
        const mime = /Content-Type: ([^\r\n]+)/.exec(text)?.[1] ?? 'application/octet-stream';
        const start = text.indexOf('\r\n\r\n') + 4;
        const body = raw.subarray(start, text.lastIndexOf('\r\n--'));
        const id = nextId();
        const kind = mime.startsWith('image/')
          ? 'image'
          : mime.startsWith('video/')
            ? 'video'
            : mime.startsWith('audio/')
              ? 'audio'
              : 'file';
        const meta = {
          id,
          kind,
          mime,
          size: body.length,
          file_name: name,
          url: `/api/workspaces/1/attachments/${id}/${encodeURIComponent(name)}`
        };
        db.files.set(id, { name, mime, body, meta });
        return reply(200, meta);
      }
      for (const [method, path, run] of routes) {
        const match =
          method === req.method && /^\/(api|__fake)\//.test(url.pathname) && path.exec(url.pathname);
        if (match) {
          const answer = run(match.slice(1), raw.length ? JSON.parse(raw.toString()) : {}, url.searchParams);
          return answer === undefined ? reply(204) : reply(200, answer);
        }
      }
      if (url.pathname.startsWith('/api')) throw new Refused(404, 'not_found', 'No such endpoint.');
      let path = normalize(join(BUILD, url.pathname));
      if (!path.startsWith(BUILD) || !existsSync(path) || statSync(path).isDirectory())
        path = join(BUILD, 'index.html');
      res.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' });
      createReadStream(path).pipe(res);
    } catch (error) {
      if (error instanceof Refused)
        reply(error.status, { error: { code: error.code, message: error.message, ...error.extra } });
      else reply(500, { error: { code: 'internal', message: String(error) } });
    }
  });

  const wss = new WebSocketServer({ server, path: '/realtime' });
  wss.on('connection', (socket) => {
    if (!signedIn) return socket.close(4401);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data));
      if (frame.type === 'ping') socket.send('{"type":"pong"}');
      if (frame.type === 'resume') {
        socket.seq = frame.seq;
        for (const held of log) send(socket, held);
        socket.ready = true;
        socket.seq = Math.max(socket.seq, db.seq);
        socket.send(JSON.stringify({ type: 'caught_up', seq: db.seq }));
        socket.send(
          JSON.stringify({ type: 'presence', online: db.users.filter((u) => u.online).map((u) => u.id) })
        );
      }
    });
  });
  return new Promise((resolve) =>
    server.listen(port, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        db,
        close: () =>
          new Promise((done) => {
            for (const s of wss.clients) s.terminate();
            server.close(done);
            server.closeAllConnections();
          })
      })
    )
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--port');
  const fake = await startFake({
    port: at > 0 ? Number(process.argv[at + 1]) : 8099,
    empty: process.argv.includes('--empty')
  });
  console.log(fake.url);
}
