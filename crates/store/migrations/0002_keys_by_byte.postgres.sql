-- Keys that are paged through or searched by prefix are compared byte by byte, whatever collation
-- the database was created with, as SQLite does.
ALTER TABLE tenant ALTER COLUMN name_key TYPE TEXT COLLATE "C";
ALTER TABLE domain ALTER COLUMN name TYPE TEXT COLLATE "C";
ALTER TABLE account ALTER COLUMN upn_key TYPE TEXT COLLATE "C";
ALTER TABLE account ALTER COLUMN display_key TYPE TEXT COLLATE "C";
ALTER TABLE sign_in_name ALTER COLUMN name_key TYPE TEXT COLLATE "C";
ALTER TABLE user_group ALTER COLUMN name_key TYPE TEXT COLLATE "C";
ALTER TABLE rate ALTER COLUMN bucket TYPE TEXT COLLATE "C";
