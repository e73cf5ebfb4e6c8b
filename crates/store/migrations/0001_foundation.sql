-- The common dialect of SQLite and PostgreSQL. Times are microseconds since 1970 (UTC) in BIGINT,
-- ids UUID, JSON and enums TEXT. Names are compared through folded key columns.

-- Facts about the deployment itself, such as the fingerprint of the keys that it was made with.
CREATE TABLE service (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenant (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    country TEXT NOT NULL,
    locale TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    settings TEXT NOT NULL,
    settings_version BIGINT NOT NULL,
    -- The tenant's data key, wrapped by the key-encryption key.
    data_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX tenant_by_name ON tenant (name_key, id);

-- A domain belongs to one tenant in the whole deployment.
CREATE TABLE domain (
    name TEXT NOT NULL PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    kind TEXT NOT NULL,
    token TEXT NOT NULL,
    verified_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX domain_by_tenant ON domain (tenant_id, name);

CREATE TABLE account (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    upn TEXT NOT NULL,
    upn_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    display_key TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    mail TEXT,
    other_mails TEXT NOT NULL,
    mobile_phone TEXT,
    office_phone TEXT,
    contact_changed_at BIGINT,
    usage_location TEXT,
    locale TEXT,
    enabled BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    anchor TEXT,
    agent_domain TEXT,
    managed TEXT NOT NULL,
    user_type TEXT NOT NULL,
    password_hash TEXT,
    password_set_at BIGINT,
    must_change_password BOOLEAN NOT NULL,
    password_never_expires BOOLEAN NOT NULL,
    -- Sessions that began before this moment are over.
    sessions_valid_from BIGINT NOT NULL,
    frozen_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX account_by_name ON account (tenant_id, upn_key);
CREATE INDEX account_by_display ON account (tenant_id, display_key);
-- Answers whether a directory is synchronised into a tenant.
CREATE INDEX account_synchronised ON account (tenant_id) WHERE source = 'synchronised';
CREATE UNIQUE INDEX account_by_anchor ON account (tenant_id, anchor) WHERE anchor IS NOT NULL;

CREATE TABLE account_role (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX account_role_by_role ON account_role (tenant_id, role, user_id);

-- What people may type as their user ID. The one table that is searched without a tenant.
CREATE TABLE sign_in_name (
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (name_key, kind, tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sign_in_name_by_user ON sign_in_name (tenant_id, user_id);

CREATE TABLE user_group (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
);

CREATE TABLE group_user (
    tenant_id UUID NOT NULL,
    group_id UUID NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES user_group (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX group_user_by_group ON group_user (tenant_id, group_id, user_id);

CREATE TABLE group_group (
    tenant_id UUID NOT NULL,
    group_id UUID NOT NULL,
    member_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, member_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES user_group (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, member_id) REFERENCES user_group (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX group_group_by_group ON group_group (tenant_id, group_id, member_id);

-- Registered methods. `value` is sealed, or for an answer its password hash.
CREATE TABLE method (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    kind TEXT NOT NULL,
    -- Distinguishes methods of one kind: a question's name, an app's name; empty where there is one.
    slot TEXT NOT NULL,
    value BYTEA NOT NULL,
    origin TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it last replaced another value.
    changed_at BIGINT,
    -- The last time step that was accepted of an authenticator.
    last_step BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id, kind, slot),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE password_history (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    set_at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, set_at),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);

-- subject_id: a user's id, or a decoy's; therefore no foreign key.
CREATE TABLE reset_session (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    subject_id UUID NOT NULL,
    cookie_tag BYTEA NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- The name that was typed, sealed; decoys have nothing else to be derived from.
    name BYTEA NOT NULL,
    locale TEXT NOT NULL,
    client_address TEXT NOT NULL,
    client_class TEXT NOT NULL,
    -- The request of step 1: the support reference.
    request_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- How it ended; of a decoy, from the beginning, how it truly will.
    detail TEXT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX reset_session_open ON reset_session (expires_at) WHERE ended_at IS NULL;
CREATE INDEX reset_session_by_subject ON reset_session (tenant_id, subject_id, created_at);

CREATE TABLE challenge (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    gate TEXT NOT NULL,
    tag BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When it was used or replaced.
    spent_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES reset_session (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX challenge_by_session ON challenge (tenant_id, session_id, gate, created_at);

-- The last six hits, newest first.
CREATE TABLE throttle (
    tenant_id UUID NOT NULL,
    subject_id UUID NOT NULL,
    bucket TEXT NOT NULL,
    hit_1 BIGINT,
    hit_2 BIGINT,
    hit_3 BIGINT,
    hit_4 BIGINT,
    hit_5 BIGINT,
    hit_6 BIGINT,
    blocked_until BIGINT,
    PRIMARY KEY (tenant_id, subject_id, bucket)
);

-- Token buckets as the theoretical arrival time of the next one (GCRA).
CREATE TABLE rate (
    bucket TEXT NOT NULL PRIMARY KEY,
    arrival_at BIGINT NOT NULL
);
CREATE INDEX rate_by_arrival ON rate (arrival_at);

CREATE TABLE daily_count (
    tenant_id UUID NOT NULL,
    day BIGINT NOT NULL,
    what TEXT NOT NULL,
    counted BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, what)
);

-- Proofs of work and timed forms that were used.
CREATE TABLE spent_work (
    id BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_work_by_expiry ON spent_work (expires_at);

CREATE TABLE link_token (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    purpose TEXT NOT NULL,
    tag BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE outbox (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- Sealed; emptied when it was delivered or given up.
    payload BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_until BIGINT,
    done_at BIGINT,
    -- 'sent', 'failed', 'expired', 'void'
    outcome TEXT,
    last_error TEXT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE done_at IS NULL;

CREATE TABLE audit_head (
    tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant (id),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_event (
    tenant_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    activity TEXT NOT NULL,
    category TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    target_kind TEXT,
    target_id UUID,
    target_name TEXT,
    request_id UUID NOT NULL,
    session_id UUID,
    client_address TEXT,
    client_class TEXT,
    details TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_event_by_time ON audit_event (tenant_id, at);
CREATE INDEX audit_event_by_target ON audit_event (tenant_id, target_id, seq);
