-- Rebuilds `report_ids` without the reference to `breakers`, by which SQLite deleted the rows of a breaker with it.
-- There can be millions of rows, so they are deleted in steps. The id of a deleted breaker is never used again.
CREATE TABLE rebuilt_report_ids (
    -- Grows with each row: the oldest has the least.
    number INTEGER PRIMARY KEY,
    breaker_id INTEGER NOT NULL,
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
    generation INTEGER NOT NULL DEFAULT 0,
    client TEXT,
    UNIQUE (breaker_id, report_id)
) STRICT;
INSERT INTO rebuilt_report_ids SELECT * FROM report_ids;
DROP TABLE report_ids;
ALTER TABLE rebuilt_report_ids RENAME TO report_ids;
