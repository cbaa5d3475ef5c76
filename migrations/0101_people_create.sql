-- People, rights and designs. Portable SQL: TEXT, BIGINT, DOUBLE PRECISION, BLOB; times are epoch milliseconds, flags 0 or 1.

CREATE TABLE organisation (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created BIGINT NOT NULL
);

-- Of the whole installation.
CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hue BIGINT NOT NULL,
    password TEXT NOT NULL,
    administrator BIGINT NOT NULL DEFAULT 0,
    disabled BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL
);

CREATE TABLE member (
    organisation TEXT NOT NULL REFERENCES organisation (id),
    person TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL,
    joined BIGINT NOT NULL,
    PRIMARY KEY (organisation, person)
);

-- The cookie's secret is stored hashed; `id` is the handle the person sees.
CREATE TABLE session (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    person TEXT REFERENCES person (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    device TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE invitation (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    token_hash TEXT NOT NULL UNIQUE,
    email TEXT,
    role TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES person (id),
    expires BIGINT NOT NULL,
    used_by TEXT REFERENCES person (id)
);

CREATE TABLE reset (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_by TEXT NOT NULL REFERENCES person (id),
    expires BIGINT NOT NULL,
    used BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE project (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    -- 1: every member of the organisation is in it, with the role they have there.
    everyone BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL
);

CREATE TABLE project_member (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (project, person)
);
CREATE INDEX project_member_person ON project_member (person);

CREATE TABLE design (
    id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    -- active, archived, bin
    state TEXT NOT NULL,
    -- Position of the last command in its log.
    sequence BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    changed_by TEXT NOT NULL REFERENCES person (id),
    -- Hash of the thumbnail's blob.
    thumbnail TEXT
);
CREATE INDEX design_project ON design (project, state, changed);

CREATE TABLE share (
    id TEXT NOT NULL PRIMARY KEY,
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES person (id),
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL DEFAULT 0,
    views BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX share_design ON share (design);

-- A file brought into a design; the bytes are a blob under `hash`.
CREATE TABLE file (
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (design, hash)
);

-- What was computed before: key → blob.
CREATE TABLE cache (
    key TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created BIGINT NOT NULL
);

-- Append-only; `hash` covers the row and the hash before it.
CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY,
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
