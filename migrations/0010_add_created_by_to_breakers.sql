-- The name of the token whose acquire or report created the breaker: each token has a share of the names. NULL where an
-- operator or the configuration created it.
ALTER TABLE breakers ADD COLUMN created_by TEXT;
