-- The agents beside directories, and what they are asked to do.
CREATE TABLE agent (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL UNIQUE,
    -- The on-premises domain that it answers for, folded.
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    key_number BIGINT NOT NULL,
    -- Its public keys, sealed: whoever can only write here cannot have passwords sealed to a key of
    -- their own.
    keys BYTEA NOT NULL,
    -- Those before, for answers that were under way.
    old_keys BYTEA,
    keys_made_at BIGINT NOT NULL,
    -- It has to make new ones.
    roll_over BOOLEAN NOT NULL,
    health TEXT NOT NULL,
    health_detail TEXT,
    history_on_reset BOOLEAN NOT NULL,
    clock_ahead BIGINT NOT NULL,
    enrolled_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    -- Which connection it is on; empty: none.
    connection TEXT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX agent_by_domain ON agent (tenant_id, domain);

-- One-time tokens that enrol an agent.
CREATE TABLE agent_token (
    tag BYTEA NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    domain TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE TABLE operation (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    id UUID NOT NULL,
    domain TEXT NOT NULL,
    user_id UUID NOT NULL,
    verb TEXT NOT NULL,
    -- The reset session that asked, if one did.
    session_id UUID,
    -- The hash to set here when the directory said yes, and who acted: sealed.
    pending BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- 'waiting', 'taken', 'answered', 'expired'
    state TEXT NOT NULL,
    agent_id UUID,
    taken_at BIGINT,
    -- Who finds out what came of it, and until when.
    finder_id UUID,
    finding_until BIGINT,
    -- As the agent signed it.
    answer TEXT,
    answer_key BIGINT,
    signature BYTEA,
    answered_at BIGINT,
    -- When what follows from the answer was done.
    settled_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX operation_open ON operation (tenant_id, domain, state, created_at) WHERE settled_at IS NULL;
CREATE INDEX operation_due ON operation (expires_at) WHERE settled_at IS NULL;

-- An operation, sealed to each agent that could take it.
CREATE TABLE operation_envelope (
    tenant_id UUID NOT NULL,
    operation_id UUID NOT NULL,
    agent_id UUID NOT NULL,
    key_number BIGINT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, operation_id, agent_id),
    FOREIGN KEY (tenant_id, operation_id) REFERENCES operation (tenant_id, id) ON DELETE CASCADE
);
