-- What a ceremony with a passkey has to remember, sealed; of codes nothing.
ALTER TABLE challenge ADD COLUMN state BYTEA;
