-- Which addresses and numbers of whom were removed. One that takes such a place counts as changed, and
-- rests: or else removing before setting would be a way around the rest.
CREATE TABLE removed_destination (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind),
    FOREIGN KEY (tenant_id, user_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
);
