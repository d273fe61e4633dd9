// A small made-up company for looking at the app and trying it without the server. Never shipped.
const MIN = 60_000_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

export const nowUs = () => Date.now() * 1000;
let last = 0;
export function nextId(at = nowUs()) {
  last = Math.max(last + 64, at - (at % 64));
  return last;
}

const caps = (over = {}) => ({
  max_text: 4096,
  max_caption: 1024,
  attachments: [
    { kind: 'image', mimes: ['image/jpeg', 'image/png', 'image/webp'], max_bytes: 5 * 1024 * 1024 },
    { kind: 'video', mimes: ['video/mp4'], max_bytes: 16 * 1024 * 1024 },
    { kind: 'audio', mimes: ['audio/mpeg', 'audio/ogg', 'audio/mp4'], max_bytes: 16 * 1024 * 1024 },
    {
      kind: 'file',
      mimes: ['application/pdf', 'text/plain', 'application/zip'],
      max_bytes: 20 * 1024 * 1024
    }
  ],
  quick_replies: { max_replies: 3, max_chars: 20 },
  reply_to: true,
  location: true,
  templates: false,
  custom_payload: false,
  window_hours: null,
  can_start: false,
  furthest_status: 'read',
  ...over
});

const field = (key, label, help, extra = {}) => ({
  key,
  label,
  help,
  kind: 'text',
  required: true,
  secret: false,
  advanced: false,
  ...extra
});
const baseUrl = field('base_url', 'API address', 'Only needed behind a proxy.', {
  kind: 'url',
  required: false,
  advanced: true
});

export const sources = [
  {
    source: 'telegram',
    label: 'Telegram',
    summary: 'A bot that your customers write to.',
    simulated: true,
    steps: [
      'Open Telegram and write to @BotFather.',
      'Send /newbot and follow the questions, or choose one of your bots.',
      'Copy the token and paste it here.'
    ],
    fields: [field('bot_token', 'Bot token', 'Looks like 123456:ABC-DEF…', { secret: true }), baseUrl],
    capabilities: caps()
  },
  {
    source: 'whatsapp_cloud',
    label: 'WhatsApp Cloud API',
    summary: 'A WhatsApp Business number, directly with Meta.',
    simulated: true,
    steps: [
      'In Meta for Developers, create an app of type Business and add WhatsApp.',
      'Create a system user with a permanent token and the two WhatsApp permissions.',
      'Copy the ids and secrets into the fields.'
    ],
    fields: [
      field('access_token', 'Access token', 'Of a system user, so that it does not expire.', {
        secret: true
      }),
      field('phone_number_id', 'Phone number ID', 'On the API set-up page of the app.'),
      field('waba_id', 'Business account ID', 'Beside the phone number ID.'),
      field('app_secret', 'App secret', 'Under App settings, Basic.', { secret: true }),
      field('verify_token', 'Verify token', 'A word of your choice, to be repeated at Meta.', {
        secret: true
      }),
      baseUrl
    ],
    capabilities: caps({ window_hours: 24, templates: true })
  },
  {
    source: 'website_chat',
    label: 'Website chat',
    summary: 'A chat bubble on your own website.',
    simulated: false,
    steps: ['Choose how the chat looks.', 'Put the code you get on every page of your website.'],
    fields: [
      field('color', 'Colour', 'Of the button and the header.', { kind: 'color', required: false }),
      field('greeting', 'Greeting', 'Shown before the first message.', { required: false }),
      field('position', 'Position', '', {
        kind: 'select',
        required: false,
        options: [
          { value: 'right', label: 'Right' },
          { value: 'left', label: 'Left' }
        ]
      }),
      field('allowed_origins', 'Allowed websites', 'Leave empty to allow any.', {
        kind: 'lines',
        required: false
      }),
      field('require_identity', 'Only signed-in visitors', 'Your site has to pass a signed user id.', {
        kind: 'toggle',
        required: false,
        advanced: true
      })
    ],
    capabilities: caps({ max_text: 7000 })
  },
  {
    source: 'custom_channel',
    label: 'Custom channel',
    summary: 'Any messenger, connected by your own code.',
    simulated: true,
    steps: ['Run a service that receives our calls.', 'Send messages to the webhook URL you get.'],
    fields: [
      field('base_url', 'Address of your service', 'Messages are posted here.', { kind: 'url' }),
      field('id_type', 'Contacts are identified by', '', {
        kind: 'select',
        options: [
          { value: 'phone', label: 'Phone number' },
          { value: 'email', label: 'Email' },
          { value: 'custom_id', label: 'An id of yours' }
        ]
      })
    ],
    capabilities: caps({ custom_payload: true, furthest_status: 'sent' })
  }
];

const PERMISSIONS =
  'inbox.view inbox.reply contact.edit contact.create workspace.settings users.view users.invite_agent users.invite_any users.manage channels.view channels.manage channels.delete closing_notes.manage'.split(
    ' '
  );

const svg = (w, h, a, b, text) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${a}"/><stop offset="1" stop-color="${b}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/><text x="50%" y="50%" font-family="sans-serif" font-size="${Math.round(h / 8)}" fill="#fff" text-anchor="middle" dominant-baseline="middle">${text}</text></svg>`;

export function seed({ empty = false } = {}) {
  const now = nowUs();
  const db = {
    seq: 100,
    session: {
      user: { id: 7, email: 'mara@northwind.test', first_name: 'Mara', last_name: 'Lindqvist' },
      workspaces: [
        { id: 1, name: 'Northwind Coffee', organization_name: 'Northwind', role: 'owner' },
        { id: 2, name: 'Northwind Wholesale', organization_name: 'Northwind', role: 'agent' }
      ],
      simulator_url: 'http://127.0.0.1:8090',
      public_url: 'http://127.0.0.1:8099'
    },
    workspace: {
      id: 1,
      name: 'Northwind Coffee',
      timezone: 'Europe/Stockholm',
      role: 'owner',
      closing_note_mode: 'category_required',
      activities_open_conversations: true,
      seq: 100,
      permissions: PERMISSIONS
    },
    users: [
      [7, 'Mara', 'Lindqvist', 'owner', true],
      [8, 'Jonas', 'Weber', 'manager', true],
      [9, 'Ana', 'Silva', 'agent', false],
      [10, 'Yusuf', 'Demir', 'agent', true],
      [11, 'Ana Sofia', 'Costa', 'agent', false]
    ].map(([id, first_name, last_name, role, online]) => ({
      id,
      first_name,
      last_name,
      email: `${first_name.toLowerCase().replace(' ', '.')}@northwind.test`,
      role,
      online,
      last_active_at: online ? now : now - id * HOUR,
      removed: false
    })),
    invitations: [
      {
        id: 501,
        email: 'lea@northwind.test',
        role: 'agent',
        invited_by: 8,
        created_at: now - DAY,
        expires_at: now + 6 * DAY
      }
    ],
    channels: [],
    categories: [
      ['Order status', 'Where is my parcel, when does it arrive'],
      ['Complaint', 'Something arrived late, broken or wrong'],
      ['Product question', 'Beans, grinders, brewing advice'],
      ['Wholesale', 'Cafés and offices that want to buy regularly']
    ].map(([name, description], i) => ({ id: 301 + i, name, description, position: i })),
    contacts: new Map(),
    details: new Map(),
    timelines: new Map(),
    files: new Map(),
    byClientId: new Map()
  };
  if (empty) return db;

  const channel = (id, source, name, address, extra = {}) => ({
    id,
    source,
    name,
    address,
    status: 'connected',
    status_text: null,
    webhook_url: `https://chat.northwind.test/webhooks/${source}/${id}`,
    public_id: `pub_${id}x9k2`,
    config: {},
    simulated: true,
    created_at: now - 40 * DAY,
    secret_hint: '…x9k2',
    capabilities: sources.find((s) => s.source === source).capabilities,
    ...extra
  });
  db.channels = [
    channel(21, 'telegram', 'Telegram bot', '@northwind_bot'),
    channel(22, 'whatsapp_cloud', 'WhatsApp Sweden', '+46 8 123 456 78', {
      config: { phone_number_id: '1098765', waba_id: '55512' }
    }),
    channel(23, 'website_chat', 'northwind.test', 'Website', {
      simulated: false,
      config: {
        color: '#3157d5',
        greeting: 'Hej! How can we help?',
        allowed_origins: 'https://northwind.test'
      }
    }),
    channel(24, 'custom_channel', 'Shop app', 'shop-app', {
      status: 'needs_attention',
      status_text: 'Your service answered 401 to our last call. Check its token, then reconnect.'
    })
  ];

  const file = (name, mime, body) => {
    const id = nextId();
    db.files.set(id, { name, mime, body });
    return {
      id,
      url: `/api/workspaces/1/attachments/${id}/${encodeURIComponent(name)}`,
      mime,
      file_name: name
    };
  };
  const photo = (w, h, a, b, label) => ({
    kind: 'image',
    state: 'ready',
    width: w,
    height: h,
    size: 182_000,
    ...file(`${label.toLowerCase().replaceAll(' ', '-')}.svg`, 'image/svg+xml', svg(w, h, a, b, label))
  });

  const people = [
    ['Elif', 'Kaya', 21, 7, 'open', 2 * MIN, 2, 'tr', 'TR'],
    ['Samuel', 'Okafor', 22, null, 'open', 9 * MIN, 1, 'en', 'NG'],
    ['ليلى', 'حداد', 22, 8, 'open', 24 * MIN, 0, 'ar', 'LB'],
    ['', '', 23, null, 'open', 47 * MIN, 3, null, null],
    ['Ingrid', 'Nilsson', 21, 7, 'open', 2 * HOUR, 0, 'sv', 'SE'],
    ['Thomas', 'Brandt', 22, 9, 'open', 5 * HOUR, 0, 'de', 'DE'],
    ['陈', '伟', 24, null, 'open', 26 * HOUR, 0, 'zh', 'CN'],
    ['Camille', 'Moreau', 23, 10, 'open', 3 * DAY, 0, 'fr', 'FR'],
    ['Olena', 'Shevchenko', 21, 7, 'snoozed', 4 * DAY, 0, 'uk', 'UA'],
    ['Pedro', 'Almeida', 22, 9, 'closed', 9 * DAY, 0, 'pt', 'PT']
  ];
  for (let i = 0; i < 140; i++) {
    const first = ['Nora', 'Felix', 'Aisha', 'Mateo', 'Hana', 'Viktor', 'Zoe', 'Rahul', 'Emma', 'Luca'][
      i % 10
    ];
    const second = ['Berg', 'Novak', 'Khan', 'Rossi', 'Sato', 'Petrov', 'Papas', 'Mehta', 'Lund', 'Conti'][
      Math.floor(i / 3) % 10
    ];
    people.push([
      first,
      second,
      [21, 22, 23][i % 3],
      [null, 7, 8, 9, 10][i % 5],
      i % 7 === 0 ? 'closed' : 'open',
      (4 + i * 0.6) * DAY,
      0,
      'en',
      'SE'
    ]);
  }
  const previews = [
    'Tack så mycket! Då vet jag.',
    'Is the grinder back in stock?',
    'Perfect, thank you for the quick help!',
    'Kann ich die Bestellung noch ändern?',
    'When will my parcel arrive?',
    'The beans are wonderful, greetings to the roaster'
  ];
  people.forEach(([first, second, channelId, assignee, status, ago, unread, language, country], i) => {
    const id = nextId(now - 60 * DAY + i * MIN);
    const at = now - ago;
    const name = `${first} ${second}`.trim() || `Visitor ${String(id).slice(-4)}`;
    const source = db.channels.find((c) => c.id === channelId).source;
    const outgoing = i % 3 === 2;
    const contact = {
      id,
      name,
      first_name: first,
      last_name: second,
      phone: source === 'whatsapp_cloud' ? `+46 70 ${1234567 + i}` : null,
      email: i % 4 === 0 && first ? `${first.toLowerCase()}@example.test` : null,
      language,
      country_code: country,
      picture: null,
      assignee_id: assignee,
      is_blocked: false,
      status,
      snoozed_until: status === 'snoozed' ? now + 20 * HOUR : null,
      unread_count: unread,
      last_message: null,
      last_channel_id: channelId,
      last_incoming_at: at,
      opened_at: status === 'closed' ? null : at - HOUR,
      sort_at: at,
      created_at: now - 50 * DAY,
      version: 1
    };
    const items = [];
    db.contacts.set(id, contact);
    db.timelines.set(id, items);
    const conversation =
      status === 'closed'
        ? null
        : {
            id: nextId(at - HOUR),
            contact_id: id,
            status,
            opened_at: at - HOUR,
            opened_source: 'contact',
            opened_by: null,
            closed_at: null,
            closed_by: null,
            closed_source: null,
            category: null,
            summary: null,
            snoozed_until: contact.snoozed_until,
            incoming_count: 3,
            outgoing_count: 2,
            first_response_at: at - HOUR + 7 * MIN,
            version: 1
          };
    const cc = (chId, extra = {}) => ({
      id: nextId(),
      contact_id: id,
      channel_id: chId,
      source: db.channels.find((c) => c.id === chId).source,
      channel_name: db.channels.find((c) => c.id === chId).name,
      address:
        chId === 21
          ? `@${(first || 'guest').toLowerCase()}`
          : chId === 22
            ? `+46 70 ${1234567 + i}`
            : 'Website visitor',
      last_incoming_at: at,
      last_message_at: at,
      window_closes_at: chId === 22 ? at + DAY : null,
      can_send: chId === 22 ? at + DAY > now : true,
      blocked_reason:
        chId === 22 && at + DAY <= now
          ? 'The 24-hour window is closed. WhatsApp only takes templates until the contact writes again.'
          : null,
      ...extra
    });
    db.details.set(id, { channels: [cc(channelId)], conversation });
    const add = (direction, content, when, extra = {}) => {
      const m = {
        id: nextId(when),
        contact_id: id,
        conversation_id: conversation?.id ?? null,
        channel_id: channelId,
        direction,
        content,
        sender:
          direction === 'incoming'
            ? { source: 'contact', user_id: null }
            : { source: 'user', user_id: assignee ?? 7 },
        status: direction === 'outgoing' ? 'read' : null,
        failure: null,
        history:
          direction === 'outgoing'
            ? [
                { status: 'sent', at: when + 1_200_000 },
                { status: 'delivered', at: when + 2_900_000 },
                { status: 'read', at: when + 60_000_000 }
              ]
            : [],
        reply_to: null,
        album: null,
        forwarded: false,
        reactions: [],
        client_id: null,
        provider_at: null,
        created_at: when,
        edited_at: null,
        deleted_at: null,
        version: 1,
        ...extra
      };
      items.push({ type: 'message', key: m.id, message: m });
      contact.last_message = {
        id: m.id,
        direction,
        type: content.type,
        preview: preview(content),
        status: m.status,
        at: when
      };
      return m;
    };
    const event = (kind, actor, payload, when) => {
      db.seq++;
      items.push({ type: 'event', key: when, event: { at: when, seq: db.seq, kind, actor, payload } });
    };
    const text = (t) => ({ type: 'text', text: t });
    const attachment = (a) => ({ type: 'attachment', attachment: a });

    if (i === 0) {
      db.details.get(id).channels.push(
        cc(22, {
          can_send: false,
          blocked_reason:
            'The 24-hour window is closed. WhatsApp only takes templates until the contact writes again.',
          window_closes_at: now - DAY,
          last_message_at: now - 3 * DAY
        })
      );
      let t = now - 2 * DAY;
      event('contact.created', { kind: 'contact', id }, {}, t - 3);
      event('contact.channel.added', { kind: 'contact', id }, { channel_id: 21 }, t - 2);
      event('conversation.opened', { kind: 'contact', id }, { source: 'contact', channel_id: 21 }, t - 1);
      const q = add('incoming', text('Hej! I ordered the Guji last week, order 20418. Has it left yet?'), t);
      event('contact.assignee.updated', { kind: 'user', id: 7 }, { from: null, to: 7 }, t + 4 * MIN);
      add(
        'outgoing',
        text(
          'Hi Elif! It left us this morning. You can follow it at https://track.example.test/SE20418 (it updates every hour).'
        ),
        t + 5 * MIN,
        {
          reply_to: {
            id: q.id,
            direction: 'incoming',
            preview: 'Hej! I ordered the Guji last week, order 20418. Has it left yet?'
          }
        }
      );
      add('incoming', text('🙏'), t + 6 * MIN, { reactions: [{ emoji: '❤️', from: 'user' }] });
      event(
        'contact.updated',
        { kind: 'user', id: 7 },
        { changes: { phone: [null, '+90 532 555 01 22'] } },
        t + 7 * MIN
      );
      event(
        'contact.updated',
        { kind: 'user', id: 7 },
        { changes: { language: [null, 'tr'], country_code: [null, 'TR'] } },
        t + 8 * MIN
      );
      event(
        'conversation.closed',
        { kind: 'user', id: 7 },
        {
          source: 'user',
          category: 'Order status',
          summary: 'Sent the tracking link; parcel was on its way.'
        },
        t + 20 * MIN
      );
      event(
        'conversation.opened',
        { kind: 'contact', id },
        { source: 'contact', channel_id: 21 },
        t + 21 * HOUR
      );
      event('contact.assignee.updated', { kind: 'user', id: 8 }, { from: 7, to: 9 }, t + 21 * HOUR + MIN);
      event('contact.assignee.updated', { kind: 'user', id: 9 }, { from: 9, to: 7 }, t + 21 * HOUR + 2 * MIN);
      t = now - 3 * HOUR;
      add('incoming', text('It arrived, but look at the bags 😕'), t);
      const album = 'alb1';
      add(
        'incoming',
        attachment({
          ...photo(900, 700, '#7a4a2b', '#c98b5e', 'Torn bag'),
          caption: 'One bag is torn and half of it is in the box'
        }),
        t + MIN,
        { album }
      );
      add('incoming', attachment(photo(700, 700, '#4a3b7a', '#8b6ec9', 'Box')), t + MIN + 1000, { album });
      add('incoming', attachment(photo(700, 900, '#2b6a5a', '#6ec9a8', 'Label')), t + MIN + 2000, { album });
      const c = {
        id: nextId(t + 3 * MIN),
        contact_id: id,
        conversation_id: conversation.id,
        author_id: 8,
        author_source: 'user',
        text: 'Third torn bag from this batch. {{@user.7}} please send a replacement, {{@user.9}} is checking the line.',
        mentions: [7, 9],
        client_id: null,
        created_at: t + 3 * MIN,
        version: 1
      };
      items.push({ type: 'comment', key: c.id, comment: c });
      add(
        'outgoing',
        text('Oh no, I’m sorry! A new bag goes out today, at no cost. Could you share your current address?'),
        t + 5 * MIN,
        { edited_at: t + 6 * MIN }
      );
      add(
        'incoming',
        {
          type: 'location',
          latitude: 41.03686,
          longitude: 28.98427,
          name: 'Kaya Bakery',
          address: 'İstiklal Cd. 12, Beyoğlu, İstanbul'
        },
        t + 9 * MIN
      );
      add(
        'incoming',
        attachment({
          kind: 'audio',
          state: 'ready',
          voice: true,
          duration_ms: 14_000,
          size: 24_000,
          ...file('voice.ogg', 'audio/ogg', '')
        }),
        t + 10 * MIN
      );
      add(
        'outgoing',
        attachment({
          kind: 'file',
          state: 'ready',
          size: 84_213,
          caption: 'The return label, just in case.',
          ...file('return-label-20418.pdf', 'application/pdf', '%PDF-1.4')
        }),
        t + 20 * MIN,
        {
          status: 'delivered',
          history: [
            { status: 'sent', at: t + 20 * MIN },
            { status: 'delivered', at: t + 20 * MIN + 2_000_000 }
          ]
        }
      );
      add(
        'outgoing',
        {
          type: 'quick_reply',
          title: 'When should the courier come?',
          replies: ['Morning', 'Afternoon', 'Any time']
        },
        t + 22 * MIN,
        {
          sender: { source: 'workflow', user_id: null },
          status: 'sent',
          history: [{ status: 'sent', at: t + 22 * MIN }]
        }
      );
      add('incoming', { type: 'postback', title: 'Morning', payload: 'slot:morning' }, t + 30 * MIN);
      add('outgoing', text('Noted: tomorrow morning.'), t + 31 * MIN, {
        status: 'failed',
        history: [{ status: 'failed', at: t + 31 * MIN, text: 'Bot was blocked by the user' }],
        failure: {
          reason: 'unreachable',
          code: '403',
          text: 'The contact has blocked the bot, so Telegram refused this message.',
          retryable: false
        }
      });
      add('outgoing', text('Noted: tomorrow morning between 8 and 10.'), t + 40 * MIN, {
        status: 'failed',
        history: [{ status: 'failed', at: t + 40 * MIN }],
        failure: { reason: 'uncertain', text: 'Timed out', retryable: true }
      });
      add('incoming', text('Çok teşekkürler, you are the best'), at - 1_000_000);
      add('incoming', text('See you next order ☕'), at);
    } else if (i === 1) {
      const t = now - 40 * MIN;
      event('conversation.opened', { kind: 'contact', id }, { source: 'contact', channel_id: 22 }, t - 1);
      add(
        'outgoing',
        {
          type: 'whatsapp_template',
          template: {
            name: 'order_shipped',
            languageCode: 'en',
            components: [
              {
                type: 'body',
                text: 'Hello {{1}}, your order {{2}} is on its way.',
                parameters: [
                  { type: 'text', text: 'Samuel' },
                  { type: 'text', text: '20501' }
                ]
              },
              { type: 'footer', text: 'Northwind Coffee' },
              { type: 'button', text: 'Track parcel' }
            ]
          }
        },
        t - 3 * HOUR,
        { sender: { source: 'broadcast', user_id: null } }
      );
      add(
        'incoming',
        {
          type: 'whatsapp_order',
          order: {
            catalog_id: 'c1',
            text: 'Same as last month please',
            items: [
              { product_id: 'guji-1kg', quantity: 2, price: '289', currency: 'SEK' },
              { product_id: 'filter-v60', quantity: 1, price: '59', currency: 'SEK' }
            ]
          }
        },
        t
      );
      add(
        'incoming',
        {
          type: 'form',
          name: 'Delivery',
          response: { street: 'Storgatan 4', city: 'Uppsala', floor: 3, leave_at_door: true }
        },
        t + MIN
      );
      add(
        'incoming',
        {
          type: 'contacts',
          contacts: [
            {
              name: 'Ada Okafor',
              phones: ['+46 70 999 12 34'],
              emails: ['ada@example.test'],
              organization: 'Okafor & Daughters'
            }
          ]
        },
        t + 2 * MIN
      );
      add(
        'incoming',
        { type: 'unsupported', kind: 'poll', reason: 'WhatsApp does not pass polls on' },
        t + 3 * MIN
      );
      add('incoming', text('deleted'), t + 4 * MIN, { deleted_at: t + 5 * MIN });
      add(
        'incoming',
        {
          type: 'whatsapp_interactive',
          interactive: { type: 'button_reply', button_reply: { id: 'x', title: 'Yes, deliver on Friday' } }
        },
        t + 6 * MIN
      );
      add(
        'incoming',
        attachment({ kind: 'image', state: 'pending', file_name: 'IMG_2041.jpg' }),
        t + 7 * MIN
      );
      add(
        'incoming',
        attachment({
          kind: 'video',
          state: 'failed',
          file_name: 'clip.mp4',
          error: 'WhatsApp no longer has this file.'
        }),
        t + 8 * MIN
      );
      add(
        'incoming',
        attachment({ ...photo(400, 400, '#e8b84a', '#e86a4a', '☕'), kind: 'sticker' }),
        t + 9 * MIN
      );
      add('incoming', text('Could you confirm the order?'), at, { forwarded: true });
    } else if (i === 2) {
      add('incoming', text('مرحباً، هل يمكنني تغيير عنوان التوصيل لطلبي رقم 20377؟'), at - 20 * MIN);
      add('outgoing', text('أهلاً ليلى! بالتأكيد، أرسلي لنا العنوان الجديد وسنغيّره فوراً.'), at - 5 * MIN);
      add('outgoing', text('نعم، وصل إلى (Hamra St. 14) قبل الساعة 18:00.'), at, { status: 'delivered' });
    } else if (i === 4) {
      for (let n = 0; n < 260; n++) {
        const when = at - (260 - n) * 47 * MIN;
        add(n % 3 === 1 ? 'outgoing' : 'incoming', text(`${previews[n % previews.length]} (${n + 1})`), when);
        if (n % 40 === 0)
          event('contact.assignee.updated', { kind: 'user', id: 8 }, { from: null, to: 7 }, when + 1);
      }
    } else {
      add(outgoing ? 'incoming' : 'outgoing', text('Hello!'), at - 12 * MIN);
      add(outgoing ? 'outgoing' : 'incoming', text(previews[i % previews.length]), at);
    }
    items.sort((a, b) => a.key - b.key);
  });
  db.workspace.seq = db.seq;
  return db;
}

export function preview(content) {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'attachment':
      return (
        content.attachment.caption ||
        {
          image: 'Photo',
          video: 'Video',
          audio: 'Voice message',
          file: content.attachment.file_name,
          sticker: 'Sticker'
        }[content.attachment.kind]
      );
    case 'location':
      return 'Location';
    case 'quick_reply':
    case 'postback':
      return content.title;
    default:
      return content.type;
  }
}
