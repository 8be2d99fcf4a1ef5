-- What became of a breaker's calls, minute by minute; a minute in which nothing happened has no row. Keyed by the minute
-- first: all that is written lies at the end of the table, however many breakers there are, and retention takes its
-- beginning. No reference to the breaker: to find its rows would take a look at each minute. Those of a deleted one are
-- nobody's, for ids are not used again, and go with their age.
CREATE TABLE call_minutes (
    -- Since the Unix epoch.
    minute INTEGER NOT NULL,
    breaker_id INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    -- Of the successes and failures.
    slow INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    denied INTEGER NOT NULL,
    PRIMARY KEY (minute, breaker_id)
) STRICT, WITHOUT ROWID;
