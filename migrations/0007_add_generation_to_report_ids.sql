-- The generation of the answer. Rows that were stored before this column existed have 0, which is older than every
-- generation; they are deleted within 15 minutes.
ALTER TABLE report_ids ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
