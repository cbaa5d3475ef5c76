-- Pictures of designs are drawn by the server when they are asked for, and kept in `cache`.
ALTER TABLE design DROP COLUMN thumbnail;
