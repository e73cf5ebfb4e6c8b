-- Where a tenant's chain begins since older events were removed: the last one removed, and its link.
CREATE TABLE audit_base (
    tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant (id),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
