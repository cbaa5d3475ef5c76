-- The log of every design: append-only; the design is what its commands build.

CREATE TABLE entry (
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    -- From 1, without gaps.
    sequence BIGINT NOT NULL,
    author TEXT NOT NULL,
    client TEXT NOT NULL,
    number BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- JSON of the command.
    command TEXT NOT NULL,
    PRIMARY KEY (design, sequence)
);
-- Exactly once, whatever is sent again.
CREATE UNIQUE INDEX entry_once ON entry (design, author, client, number);

-- The whole design at some positions of its log, so that opening replays little. Sequence 0: what it was founded on.
CREATE TABLE snapshot (
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- JSON of the design.
    content TEXT NOT NULL,
    PRIMARY KEY (design, sequence)
);
