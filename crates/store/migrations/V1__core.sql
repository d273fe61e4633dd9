-- The whole of the first schema, for both databases. `BLOB_TYPE` is replaced by the dialect's type.
-- Times are microseconds since 1970 UTC; ids are 53-bit integers; JSON is text. Every tenant table leads with
-- workspace_id in its key and indexes, so that the schema can be sharded by workspace unchanged.

CREATE TABLE node (
    number BIGINT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    id_high BIGINT NOT NULL
);

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE organization (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_account (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX user_account_email ON user_account (email);

CREATE TABLE organization_member (
    organization_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);

CREATE TABLE workspace (
    id BIGINT NOT NULL PRIMARY KEY,
    organization_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    settings TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE workspace_member (
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    last_active_at BIGINT,
    created_at BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_member_user ON workspace_member (user_id);

CREATE TABLE invitation (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    invited_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX invitation_token ON invitation (token_hash);

CREATE TABLE session (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    token_hash TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX session_token ON session (token_hash);
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE api_token (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX api_token_hash ON api_token (token_hash);

CREATE TABLE channel (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    -- What identifies the account at the provider; the same one is not connected twice.
    account TEXT,
    public_id TEXT NOT NULL,
    config TEXT NOT NULL,
    -- Credentials, encrypted.
    secrets BLOB_TYPE NOT NULL,
    status TEXT NOT NULL,
    status_text TEXT,
    simulated BOOLEAN NOT NULL,
    -- The base_url came from the operator's command line and may lie on a private network.
    trusted_base BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX channel_id ON channel (id);
CREATE UNIQUE INDEX channel_public_id ON channel (public_id);
CREATE UNIQUE INDEX channel_account ON channel (source, account) WHERE deleted_at IS NULL AND account IS NOT NULL;

CREATE TABLE closing_category (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX closing_category_name ON closing_category (workspace_id, name);

CREATE TABLE contact (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    name_edited BOOLEAN NOT NULL,
    phone TEXT,
    email TEXT,
    language TEXT,
    country_code TEXT,
    picture TEXT,
    assignee_id BIGINT,
    is_blocked BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    opened_at BIGINT,
    snoozed_until BIGINT,
    unread_count BIGINT NOT NULL,
    last_message_id BIGINT,
    last_message_direction TEXT,
    last_message_type TEXT,
    last_message_preview TEXT,
    last_message_status TEXT,
    last_message_at BIGINT,
    last_channel_id BIGINT,
    last_incoming_at BIGINT,
    last_outgoing_human_at BIGINT,
    sort_at BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX contact_list ON contact (workspace_id, sort_at, id);
CREATE INDEX contact_list_status ON contact (workspace_id, status, sort_at, id);
CREATE INDEX contact_list_assignee ON contact (workspace_id, assignee_id, status, sort_at, id);
CREATE INDEX contact_opened ON contact (workspace_id, opened_at) WHERE opened_at IS NOT NULL;
CREATE INDEX contact_phone ON contact (workspace_id, phone) WHERE phone IS NOT NULL;
CREATE INDEX contact_email ON contact (workspace_id, email) WHERE email IS NOT NULL;

CREATE TABLE contact_channel (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    identities TEXT NOT NULL,
    last_incoming_at BIGINT,
    last_message_at BIGINT,
    stopped_at BIGINT,
    read_up_to BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX contact_channel_contact ON contact_channel (workspace_id, contact_id);

CREATE TABLE identity (
    workspace_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    -- `scheme:value` as the provider names the person.
    value TEXT NOT NULL,
    contact_channel_id BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, value)
);

CREATE TABLE conversation (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_source TEXT NOT NULL,
    opened_by BIGINT,
    opened_channel_id BIGINT,
    contact_type TEXT NOT NULL,
    first_incoming_message_id BIGINT,
    first_incoming_channel_id BIGINT,
    closed_at BIGINT,
    closed_by BIGINT,
    closed_source TEXT,
    category TEXT,
    summary TEXT,
    snoozed_until BIGINT,
    incoming_count BIGINT NOT NULL,
    outgoing_count BIGINT NOT NULL,
    first_assignee_id BIGINT,
    first_assigned_at BIGINT,
    last_assignee_id BIGINT,
    last_assigned_at BIGINT,
    assignment_count BIGINT NOT NULL,
    first_response_at BIGINT,
    first_response_by BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
-- At most one open conversation per contact, whatever the code does.
CREATE UNIQUE INDEX conversation_one_open ON conversation (workspace_id, contact_id) WHERE closed_at IS NULL;
CREATE INDEX conversation_contact ON conversation (workspace_id, contact_id, id);
CREATE INDEX conversation_wake ON conversation (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE TABLE message (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    conversation_id BIGINT,
    channel_id BIGINT NOT NULL,
    contact_channel_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    content TEXT NOT NULL,
    external_id TEXT,
    client_id TEXT,
    reply_to_id BIGINT,
    sender_source TEXT NOT NULL,
    sender_id BIGINT,
    status TEXT,
    failure TEXT,
    history TEXT NOT NULL,
    album TEXT,
    forwarded BOOLEAN NOT NULL,
    referral TEXT,
    reactions TEXT NOT NULL,
    revisions TEXT NOT NULL,
    provider_at BIGINT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX message_timeline ON message (workspace_id, contact_id, id);
-- A provider's retry never doubles a message.
CREATE UNIQUE INDEX message_external ON message (workspace_id, channel_id, external_id) WHERE external_id IS NOT NULL;
-- Neither does a client's.
CREATE UNIQUE INDEX message_client ON message (workspace_id, contact_id, client_id) WHERE client_id IS NOT NULL;

-- Statuses that came before we knew the provider's id of the message.
CREATE TABLE status_parked (
    workspace_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    status TEXT NOT NULL,
    failure TEXT,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, id)
);
CREATE INDEX status_parked_external ON status_parked (workspace_id, channel_id, external_id);
CREATE INDEX status_parked_age ON status_parked (received_at);

CREATE TABLE comment (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    conversation_id BIGINT,
    author_id BIGINT,
    author_source TEXT NOT NULL,
    text TEXT NOT NULL,
    mentions TEXT NOT NULL,
    client_id TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX comment_timeline ON comment (workspace_id, contact_id, id);
CREATE UNIQUE INDEX comment_client ON comment (workspace_id, contact_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE attachment (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    mime TEXT NOT NULL,
    file_name TEXT NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT,
    height BIGINT,
    -- Where the bytes are: hex SHA-256, so that the same bytes are stored once in a workspace.
    sha256 TEXT,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX attachment_sha256 ON attachment (workspace_id, sha256);

CREATE TABLE outbox (
    workspace_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    contact_channel_id BIGINT NOT NULL,
    -- `queued`, or `sending` while a request may be on the wire.
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, message_id)
);
CREATE INDEX outbox_order ON outbox (workspace_id, contact_channel_id, message_id);
CREATE INDEX outbox_due ON outbox (due_at, message_id);

CREATE TABLE job (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    failed_at BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX job_due ON job (run_at) WHERE failed_at IS NULL;

CREATE TABLE event (
    workspace_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BIGINT,
    contact_id BIGINT,
    conversation_id BIGINT,
    payload TEXT NOT NULL,
    in_timeline BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);
CREATE INDEX event_timeline ON event (workspace_id, contact_id, at) WHERE in_timeline;

CREATE TABLE consumer_cursor (
    consumer TEXT NOT NULL,
    workspace_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (consumer, workspace_id)
);

-- What became of every event a channel received, by hour. Per hour, `received` equals the sum of the outcomes.
CREATE TABLE ingest_ledger (
    workspace_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, hour, outcome)
);

-- Authentic but not understood: kept as it came.
CREATE TABLE inbound_raw (
    workspace_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel_id, id)
);
