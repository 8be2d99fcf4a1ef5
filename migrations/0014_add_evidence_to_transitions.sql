-- The numbers and names behind a transition, from which its description is made. `detail` is empty; rows that were
-- stored before these columns existed keep their description there, and have no evidence except what a rule observed.

-- Whether the breaker opened automatically.
ALTER TABLE transitions ADD COLUMN is_trip INTEGER NOT NULL DEFAULT 0;
-- Of a rule: the number that reached its threshold, a number of failures or a share of calls, and the threshold. Of
-- `probes_succeeded`: how many probes succeeded, and `success_threshold`.
ALTER TABLE transitions ADD COLUMN observed REAL;
ALTER TABLE transitions ADD COLUMN threshold REAL;
-- Of a rule that is a rate: the calls in the window, and the minimum number of calls.
ALTER TABLE transitions ADD COLUMN calls INTEGER;
ALTER TABLE transitions ADD COLUMN minimum_calls INTEGER;
-- Of a rule that counts the calls in the window: one of the two.
ALTER TABLE transitions ADD COLUMN window_ms INTEGER;
ALTER TABLE transitions ADD COLUMN window_calls INTEGER;
-- Of `slow_call_rate_threshold`.
ALTER TABLE transitions ADD COLUMN slow_call_ms INTEGER;
-- Of a rule that counts failures, and of `probe_failed`: the last failure, as far as it was reported.
ALTER TABLE transitions ADD COLUMN failure_kind TEXT;
ALTER TABLE transitions ADD COLUMN failure_reporter TEXT;
-- Of `recovery_timeout`: how long the breaker was open.
ALTER TABLE transitions ADD COLUMN open_ms INTEGER;
-- The override that was set, or that ended.
ALTER TABLE transitions ADD COLUMN evidence_override_mode TEXT;
ALTER TABLE transitions ADD COLUMN evidence_override_reason TEXT;
ALTER TABLE transitions ADD COLUMN evidence_override_actor TEXT;
ALTER TABLE transitions ADD COLUMN evidence_override_since_at INTEGER;
ALTER TABLE transitions ADD COLUMN evidence_override_expires_at INTEGER;

-- The same of a change; NULL if it is not a transition.
ALTER TABLE changes ADD COLUMN is_trip INTEGER;
ALTER TABLE changes ADD COLUMN observed REAL;
ALTER TABLE changes ADD COLUMN threshold REAL;
ALTER TABLE changes ADD COLUMN calls INTEGER;
ALTER TABLE changes ADD COLUMN minimum_calls INTEGER;
ALTER TABLE changes ADD COLUMN window_ms INTEGER;
ALTER TABLE changes ADD COLUMN window_calls INTEGER;
ALTER TABLE changes ADD COLUMN slow_call_ms INTEGER;
ALTER TABLE changes ADD COLUMN failure_kind TEXT;
ALTER TABLE changes ADD COLUMN failure_reporter TEXT;
ALTER TABLE changes ADD COLUMN open_ms INTEGER;
ALTER TABLE changes ADD COLUMN evidence_override_mode TEXT;
ALTER TABLE changes ADD COLUMN evidence_override_reason TEXT;
ALTER TABLE changes ADD COLUMN evidence_override_actor TEXT;
ALTER TABLE changes ADD COLUMN evidence_override_since_at INTEGER;
ALTER TABLE changes ADD COLUMN evidence_override_expires_at INTEGER;

UPDATE transitions SET is_trip = 1 WHERE to_state = 'open' AND from_state <> 'open' AND cause <> 'override_set';
UPDATE changes SET is_trip = to_state = 'open' AND from_state <> 'open' AND cause <> 'override_set'
WHERE kind = 'transition';

-- These descriptions begin with `5 consecutive failures`, `5 failures`, or `6 of 10 calls`.
UPDATE transitions SET observed = CAST(detail AS INTEGER)
WHERE cause IN ('failure_threshold', 'failure_count_threshold');
UPDATE transitions SET observed = CAST(detail AS REAL) / CAST(substr(detail, instr(detail, ' of ') + 4) AS REAL)
WHERE cause IN ('failure_rate_threshold', 'slow_call_rate_threshold');

DROP INDEX trips_of_breaker;
-- Trips: what `openings_last_hour` counts after a restart.
CREATE INDEX trips_of_breaker ON transitions (breaker_id, at) WHERE is_trip;
