-- A guest who looks on while the team edits is one line of the record, however many versions go by.

-- Of a line 'saw': the log position it began at; null where it is of one version.
ALTER TABLE share_view ADD COLUMN first BIGINT;
