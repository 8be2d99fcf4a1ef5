-- When the breaker left the state closed; NULL while it is closed, and if that transition is no longer stored.
ALTER TABLE breakers ADD COLUMN not_closed_since INTEGER;

UPDATE breakers SET not_closed_since = (
    SELECT at FROM transitions
    WHERE breaker_id = breakers.id AND from_state = 'closed' AND to_state <> 'closed'
    ORDER BY revision DESC LIMIT 1
)
WHERE state <> 'closed';
