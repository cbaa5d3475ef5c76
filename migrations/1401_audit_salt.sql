-- Details of the audit log that someone may not read could be guessed by their hash, which they see.

-- Random, part of what is hashed, shown with the details only; null in rows from before, whose hashes stay what they are.
ALTER TABLE audit ADD COLUMN salt TEXT;
