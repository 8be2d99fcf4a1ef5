-- The client that sent the report: its token's name, or `@` and its address where there are no tokens. When the table is
-- full, the client with the most rows loses its oldest. NULL in rows that were stored before this column existed.
ALTER TABLE report_ids ADD COLUMN client TEXT;
