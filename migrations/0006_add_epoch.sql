-- Which history the database holds: a random number. NULL in a new database and in a backup, for which the next server
-- draws one.
ALTER TABLE server ADD COLUMN epoch INTEGER CHECK (epoch BETWEEN 0 AND 4294967295);
