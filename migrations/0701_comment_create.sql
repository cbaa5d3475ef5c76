-- What people say about a design, in threads pinned to a place of it, and who is told.

CREATE TABLE comment (
    id TEXT NOT NULL PRIMARY KEY,
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    -- The first comment of its thread; null in that one itself.
    thread TEXT REFERENCES comment (id) ON DELETE CASCADE,
    author TEXT NOT NULL REFERENCES person (id),
    created BIGINT NOT NULL,
    -- When its text was last changed.
    changed BIGINT,
    -- Empty once removed: answers keep their thread.
    text TEXT NOT NULL,
    removed BIGINT NOT NULL DEFAULT 0,
    -- Of a first comment: JSON of where it is pinned, the log position it was made at, and who settled it.
    anchor TEXT,
    sequence BIGINT,
    resolved BIGINT,
    resolved_by TEXT REFERENCES person (id)
);
CREATE INDEX comment_design ON comment (design, created);
CREATE INDEX comment_thread ON comment (thread);

CREATE TABLE notification (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    time BIGINT NOT NULL,
    -- mention, answer
    kind TEXT NOT NULL,
    comment TEXT NOT NULL REFERENCES comment (id) ON DELETE CASCADE,
    seen BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX notification_person ON notification (person, time);
CREATE UNIQUE INDEX notification_once ON notification (person, comment);
