-- A session that was ended belongs to a token. An empty `id` is for all sessions of the token that end by `ends_at`. The old
-- rows name no token, so the key is replaced instead: browsers sign in again.
DROP TABLE revoked_sessions;

CREATE TABLE revoked_sessions (
    token TEXT NOT NULL,
    id TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (token, id)
) STRICT, WITHOUT ROWID;

UPDATE server SET session_key = NULL;
