-- What the server keeps. Instants are milliseconds since the Unix epoch, in columns that end in `at` or `_until`.
-- Each table is STRICT: a value of another type is an error, never a surprise.

-- One row.
CREATE TABLE server (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The last revision that was taken.
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- The instant of the last write; NULL before the first.
    written_at INTEGER
) STRICT;

INSERT INTO server (id, revision, written_at) VALUES (1, 0, NULL);

-- A breaker, one column for each part of its state. Its last failure is the row of `failures` whose number is
-- `failure_rows`; when it tripped within the last hour is read off `transitions`.
CREATE TABLE breakers (
    -- The revision of its creation.
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    generation INTEGER NOT NULL,
    since_at INTEGER NOT NULL,
    open_until INTEGER,
    consecutive_failures INTEGER NOT NULL,
    -- In a form that only the state machine reads.
    window BLOB NOT NULL,
    -- `<id in 16 hexadecimal digits>@<until>` of each, with spaces between, in the order in which they were granted.
    -- A column and not a table, for there is seldom more than one, and a breaker is always written whole.
    leases TEXT NOT NULL,
    probe_successes INTEGER NOT NULL,
    lost_probes INTEGER NOT NULL,
    override_mode TEXT CHECK (override_mode IN ('force_open', 'force_closed', 'shadow')),
    override_reason TEXT,
    override_actor TEXT,
    override_since_at INTEGER,
    -- NULL also where the override stands until it is cleared.
    override_expires_at INTEGER,
    -- How many openings followed each other, and how long the last was to last; NULL where there was none.
    back_off_openings INTEGER,
    back_off_last_open_ms INTEGER,
    -- How many failures were ever kept: the number of the newest.
    failure_rows INTEGER NOT NULL,
    -- The revision of the last transition.
    last_transition INTEGER,
    last_seen_at INTEGER
) STRICT;

-- A policy as it was given: NULL where a rule is off, and where a value is left to a default that follows another.
CREATE TABLE policies (
    breaker_id INTEGER PRIMARY KEY REFERENCES breakers (id) ON DELETE CASCADE,
    failure_threshold INTEGER,
    failure_count_threshold INTEGER,
    failure_rate_threshold REAL,
    slow_call_rate_threshold REAL,
    slow_call_ms INTEGER,
    minimum_calls INTEGER NOT NULL,
    window_ms INTEGER,
    window_calls INTEGER,
    recovery_timeout_ms INTEGER NOT NULL,
    recovery_timeout_multiplier REAL NOT NULL,
    recovery_timeout_max_ms INTEGER,
    half_open_probes INTEGER NOT NULL,
    success_threshold INTEGER NOT NULL,
    probe_lease_ms INTEGER NOT NULL,
    -- `default`, `profile:<pattern>`, `config` or `api`.
    source TEXT NOT NULL,
    -- The revision that last changed the policy, and who did.
    revision INTEGER NOT NULL,
    actor TEXT,
    CHECK ((window_ms IS NULL) <> (window_calls IS NULL))
) STRICT;

-- The failure logs. Rows of a breaker lie together in order of number, so that its newest are read, and its oldest
-- deleted, as a range; no other index, for each would cost every insertion a page.
CREATE TABLE failures (
    breaker_id INTEGER NOT NULL REFERENCES breakers (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT,
    detail TEXT,
    reporter TEXT,
    duration_ms INTEGER,
    -- How many failures in a row the row stands for.
    count INTEGER NOT NULL,
    PRIMARY KEY (breaker_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE transitions (
    revision INTEGER PRIMARY KEY,
    breaker_id INTEGER NOT NULL REFERENCES breakers (id) ON DELETE CASCADE,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    cause TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- Who ordered it; NULL where the breaker moved by itself.
    actor TEXT,
    at INTEGER NOT NULL
) STRICT;

-- Every index ends in the row's key: these entries are in order of revision.
CREATE INDEX transitions_of_breaker ON transitions (breaker_id);

-- Trips: what `openings_last_hour` counts after a restart.
CREATE INDEX trips_of_breaker ON transitions (breaker_id, at)
WHERE to_state = 'open' AND from_state <> 'open' AND cause <> 'override_set';

-- Reports with an id, and what they were answered.
CREATE TABLE report_ids (
    -- Grows with each row: the oldest has the least.
    number INTEGER PRIMARY KEY,
    breaker_id INTEGER NOT NULL REFERENCES breakers (id) ON DELETE CASCADE,
    report_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    permit TEXT,
    duration_ms INTEGER,
    count INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    -- Why it was not applied; NULL where it was.
    reason TEXT,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (breaker_id, report_id)
) STRICT;

CREATE TABLE deletions (
    revision INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    actor TEXT,
    at INTEGER NOT NULL
) STRICT;
