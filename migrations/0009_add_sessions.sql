-- The key that signs browsers' sessions. NULL in a new database and in a backup, for which the next server draws one.
ALTER TABLE server ADD COLUMN session_key BLOB CHECK (length(session_key) = 32);

-- Sessions that were ended before their time. A row is needed until `ends_at`, when the session would have ended by itself.
CREATE TABLE revoked_sessions (
    id TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
