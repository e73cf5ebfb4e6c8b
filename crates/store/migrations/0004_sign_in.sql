-- Signing in, security info, changing a password.

-- When the person last registered or confirmed their security info.
ALTER TABLE account ADD COLUMN confirmed_at BIGINT;
-- When an administrator asked for that once more.
ALTER TABLE account ADD COLUMN register_again_at BIGINT;
-- The same of everybody who was there then: one row, however many they are.
ALTER TABLE tenant ADD COLUMN register_again_at BIGINT;
-- When the password was last reset by somebody who had forgotten it.
ALTER TABLE account ADD COLUMN reset_at BIGINT;
-- The fewest days before the expiry of this password of which its owner was told.
ALTER TABLE account ADD COLUMN expiry_told_days BIGINT;
CREATE INDEX account_by_password_age ON account (tenant_id, password_set_at, id)
    WHERE password_set_at IS NOT NULL;

-- The name that a person gave a passkey; of other methods empty.
ALTER TABLE method ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- When it was last used.
ALTER TABLE method ADD COLUMN used_at BIGINT;
-- A passkey's slot is its credential id, which alone tells whose it is.
CREATE UNIQUE INDEX method_by_credential ON method (slot) WHERE kind = 'passkey';

-- The way to a session: who, then the proofs. subject_id may be a decoy's, or of a passkey that
-- tells who it is only at the end, nobody's.
CREATE TABLE sign_in_flow (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    subject_id UUID NOT NULL,
    cookie_tag BYTEA NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- The name that was typed, sealed.
    name BYTEA NOT NULL,
    -- What a ceremony with a passkey or an identity provider has to remember, sealed.
    secret BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sign_in_flow_by_expiry ON sign_in_flow (expires_at);

CREATE TABLE sign_in_session (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    cookie_tag BYTEA NOT NULL UNIQUE,
    -- What was proven, as JSON.
    factors TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the person last proved who they are, and when last with two factors or a passkey.
    proven_at BIGINT NOT NULL,
    proven_twice_at BIGINT,
    -- When it was last used, to the minute.
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- Whether registering was put off: it is not asked again before the next sign-in.
    put_off BOOLEAN NOT NULL,
    client_address TEXT NOT NULL,
    client_class TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sign_in_session_by_user ON sign_in_session (tenant_id, user_id, created_at);
CREATE INDEX sign_in_session_by_expiry ON sign_in_session (expires_at);

-- Wrong passwords of an account or a decoy; networks that its owner uses have a row of their own.
CREATE TABLE lockout (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    subject_id UUID NOT NULL,
    familiar BOOLEAN NOT NULL,
    failures BIGINT NOT NULL,
    -- Locks in a row: each lasts twice as long as the one before.
    locks BIGINT NOT NULL,
    locked_until BIGINT,
    -- Keyed hashes of the last three wrong passwords.
    wrong_1 BYTEA,
    wrong_2 BYTEA,
    wrong_3 BYTEA,
    -- The last try: what is as good as forgotten is deleted.
    hit_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject_id, familiar)
);

-- Networks from which a user signed in rightly, as keyed hashes.
CREATE TABLE familiar_network (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    network BYTEA NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, network),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX familiar_network_by_use ON familiar_network (used_at);

-- A method on its way to being registered: nothing counts before it is proven.
CREATE TABLE pending_method (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    kind TEXT NOT NULL,
    -- The address, number, secret or ceremony, sealed.
    value BYTEA NOT NULL,
    -- The keyed hash of the code that was sent.
    tag BYTEA,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When it was used or given up.
    spent_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sign_in_session (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX pending_method_by_session ON pending_method (tenant_id, session_id);
-- One of a kind is on its way in a session: a new one takes the place of the one before.
CREATE UNIQUE INDEX pending_method_on_its_way ON pending_method (tenant_id, session_id, kind)
    WHERE spent_at IS NULL;
CREATE INDEX pending_method_by_expiry ON pending_method (expires_at);

-- The identity provider of a tenant whose users are federated (OpenID Connect).
CREATE TABLE federation (
    tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant (id),
    id UUID NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- The client's secret, sealed.
    secret BYTEA NOT NULL,
    -- The claim that holds the user principal name at the first sign-in.
    name_claim TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Who somebody is at their provider; bound at the first sign-in, by issuer and subject alone after.
CREATE TABLE federated_identity (
    tenant_id UUID NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, issuer, subject),
    UNIQUE (tenant_id, user_id, issuer),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
