-- What a link gives, and to whom: behind a password, some of the bodies, some of the tools; who has used it; what guests say.

-- The one person it is for; null: whoever holds it.
ALTER TABLE share ADD COLUMN guest TEXT;
-- Argon2id in PHC form; null: the link alone opens it.
ALTER TABLE share ADD COLUMN password TEXT;
-- Words of measure, section, comment, step, 3mf, stl, obj, with spaces.
ALTER TABLE share ADD COLUMN allow TEXT NOT NULL DEFAULT 'measure section';
-- JSON of the names of the bodies that are shared; null: all of them, also later ones.
ALTER TABLE share ADD COLUMN bodies TEXT;

-- Browsers that gave the password.
CREATE TABLE share_pass (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    share TEXT NOT NULL REFERENCES share (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL
);
CREATE INDEX share_pass_share ON share_pass (share);

-- Who saw what and when.
CREATE TABLE share_view (
    id TEXT NOT NULL PRIMARY KEY,
    share TEXT NOT NULL REFERENCES share (id) ON DELETE CASCADE,
    time BIGINT NOT NULL,
    -- opened, saw, refused (a wrong password), commented, or the format of a download
    what TEXT NOT NULL,
    -- Log position that was shown.
    sequence BIGINT NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX share_view_share ON share_view (share, time);

-- Of a guest's comment: the link it came through. Its author is a person who belongs to no organisation and cannot sign in.
ALTER TABLE comment ADD COLUMN share TEXT REFERENCES share (id);
CREATE INDEX comment_share ON comment (share);

-- Those persons: one for each name used with a link.
CREATE TABLE share_guest (
    share TEXT NOT NULL REFERENCES share (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (share, name)
);
