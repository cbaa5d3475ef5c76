-- Named versions, where designs were branched from, and which entries of a log are merges or returns to older versions.

-- A name for a position of a design's log. Neither changed nor removed: the log itself is append-only.
CREATE TABLE version (
    id TEXT NOT NULL PRIMARY KEY,
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL REFERENCES person (id),
    time BIGINT NOT NULL
);
CREATE UNIQUE INDEX version_name ON version (design, name);

-- The version a design was branched from. Without references: the kinship of two branches outlives the design that both
-- came from, and the one in between.
CREATE TABLE origin (
    design TEXT NOT NULL PRIMARY KEY,
    parent TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    author TEXT NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX origin_parent ON origin (parent);

-- What an entry of a log was made from. Written before the entry, which it names by client and number: without the entry
-- it means nothing, and with it a merge is never forgotten, whenever the server stops.
CREATE TABLE provenance (
    design TEXT NOT NULL,
    author TEXT NOT NULL,
    client TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- merge, restore
    kind TEXT NOT NULL,
    -- The version that was merged, or returned to.
    source TEXT NOT NULL,
    source_sequence BIGINT NOT NULL,
    -- Position of the entry, once it is known; so that kinship outlives the log of a removed design.
    sequence BIGINT,
    PRIMARY KEY (design, author, client, number)
);
