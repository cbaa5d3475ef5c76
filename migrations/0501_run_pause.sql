-- What is asked of a run under way besides a cancel: 'pause' or 'finish'.
ALTER TABLE run ADD COLUMN asked TEXT;
