-- Who deleted what is told by the audit, and that it was deleted by the changes. What was deleted before there was an
-- audit goes there.
INSERT OR IGNORE INTO audit (revision, at, actor, action, breaker)
SELECT revision, at, actor, 'delete', name FROM deletions WHERE actor IS NOT NULL;

DROP TABLE deletions;
