-- Who ordered what, from where, with what it was before and is behind. No reference to the breaker: entries stay when
-- it goes.
CREATE TABLE audit (
    -- The revision of the change.
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL CHECK (action IN ('policy', 'override_set', 'override_cleared', 'reset', 'delete')),
    breaker TEXT NOT NULL,
    -- JSON objects; NULL where there was nothing before, and where nothing is left behind.
    before TEXT,
    after TEXT
) STRICT;
