-- The changes of all breakers, for those who follow them: one row for each revision, without a gap from the oldest that is
-- kept to the newest. Each holds the breaker as it was behind that change. Rows outlive their breaker, for its deletion is
-- a change too: they have its name and what happened to it, and none of its failures.
CREATE TABLE changes (
    revision INTEGER PRIMARY KEY,
    breaker_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('created', 'transition', 'policy', 'deleted')),
    -- Who ordered it; NULL where the breaker or the configuration did.
    actor TEXT,
    -- Of a transition.
    from_state TEXT,
    to_state TEXT,
    cause TEXT,
    detail TEXT,
    -- The breaker; NULL, as all that follows, where it is deleted.
    state TEXT,
    generation INTEGER,
    since_at INTEGER,
    open_until INTEGER,
    policy_revision INTEGER,
    override_mode TEXT,
    override_reason TEXT,
    override_actor TEXT,
    override_since_at INTEGER,
    override_expires_at INTEGER
) STRICT;
