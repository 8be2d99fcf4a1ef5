-- Reports do not arrive in the order in which their calls ended. When the latest success and the latest failure that are
-- counted in a closed breaker's generation ended, in milliseconds since it began, and the number of the failure that ended
-- last of all.
ALTER TABLE breakers ADD COLUMN last_success_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE breakers ADD COLUMN last_failure_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE breakers ADD COLUMN last_failure INTEGER;

UPDATE breakers SET last_failure = failure_rows WHERE failure_rows > 0;
