-- Users and groups that agents read from directories.

-- When a directory stopped having a user: for a while it is kept, disabled. Then, whether it was
-- enabled.
ALTER TABLE account ADD COLUMN deleted_at BIGINT;
ALTER TABLE account ADD COLUMN deleted_enabled BOOLEAN;

-- The synchronisation of an on-premises domain: the run under way, or the last one.
CREATE TABLE sync_run (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    domain TEXT NOT NULL,
    run_id UUID,
    agent_id UUID,
    whole BOOLEAN NOT NULL,
    next_page BIGINT NOT NULL,
    -- 'never', 'running', 'deleting', 'stopped', 'finished'
    state TEXT NOT NULL,
    begun_at BIGINT,
    -- When its last page came.
    page_at BIGINT,
    ended_at BIGINT,
    -- When a run last ended well, and when one that read everything.
    finished_at BIGINT,
    whole_at BIGINT,
    objects BIGINT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    restored BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    -- How many objects it would have deleted, and of how many, when it stopped.
    would_delete BIGINT NOT NULL,
    of_objects BIGINT NOT NULL,
    -- So many deletions were approved, once.
    approved BIGINT,
    -- When an administrator asked for a run, whether of everything, and when an agent was told.
    asked_at BIGINT,
    asked_whole BOOLEAN NOT NULL,
    told_at BIGINT,
    PRIMARY KEY (tenant_id, domain)
);

-- What the directory's objects are here.
CREATE TABLE sync_object (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    anchor TEXT NOT NULL,
    -- What `held` is sealed to.
    id UUID NOT NULL,
    domain TEXT NOT NULL,
    -- 'user', 'group'
    class TEXT NOT NULL,
    -- The account or the group; none while it could not be made.
    object_id UUID,
    -- The name that the directory gives a user, whether or not it could be given here.
    upn_key TEXT,
    -- What was last sent, as a hash, and the account's version when that was applied.
    digest BYTEA NOT NULL,
    applied_version BIGINT,
    -- What could not be applied, sealed: it is tried again.
    held BYTEA,
    -- The last run that named it.
    seen_run UUID NOT NULL,
    -- The run under way found it gone.
    doomed BOOLEAN NOT NULL,
    -- When it was deleted here.
    gone_at BIGINT,
    PRIMARY KEY (tenant_id, anchor)
);
CREATE INDEX sync_object_by_domain ON sync_object (tenant_id, domain);
CREATE INDEX sync_object_by_upn ON sync_object (tenant_id, upn_key) WHERE upn_key IS NOT NULL;
CREATE INDEX sync_object_by_object ON sync_object (tenant_id, object_id);
CREATE INDEX sync_object_held ON sync_object (tenant_id, domain, anchor) WHERE held IS NOT NULL;
CREATE INDEX sync_object_doomed ON sync_object (tenant_id, domain, anchor) WHERE doomed;
CREATE INDEX sync_object_gone ON sync_object (gone_at) WHERE gone_at IS NOT NULL;

-- Members of groups that are not here yet, or of groups that are gone.
CREATE TABLE sync_member (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    group_anchor TEXT NOT NULL,
    member_anchor TEXT NOT NULL,
    PRIMARY KEY (tenant_id, group_anchor, member_anchor)
);
CREATE INDEX sync_member_by_member ON sync_member (tenant_id, member_anchor, group_anchor);

-- What could not be synchronised.
CREATE TABLE sync_problem (
    tenant_id UUID NOT NULL REFERENCES tenant (id),
    domain TEXT NOT NULL,
    -- Empty: of no object.
    anchor TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- The last run that had it.
    run_id UUID NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, domain, anchor, code)
);
