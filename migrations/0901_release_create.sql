-- Releases: a version of a design that named people have approved, with the answers and reports that showed it fit.

CREATE TABLE release (
    id TEXT NOT NULL PRIMARY KEY,
    -- A design with released revisions is not removed; one with mere drafts takes them along.
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    -- Log position that is released.
    sequence BIGINT NOT NULL,
    -- Letters as in ASME Y14.35.
    revision TEXT NOT NULL,
    -- draft, review, released, superseded, withdrawn
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL REFERENCES person (id),
    -- Who asked for the review under way, or for the one that ended with the release.
    submitter TEXT REFERENCES person (id),
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    released BIGINT,
    -- The named version, once released.
    version TEXT REFERENCES version (id),
    -- JSON of the verdicts under review and of the records of the runs that they rest on.
    proof TEXT
);
CREATE INDEX release_design ON release (design, created);
-- One revision at a time is in the making, and one is current; a letter stands for one release.
CREATE UNIQUE INDEX release_open ON release (design) WHERE state IN ('draft', 'review');
CREATE UNIQUE INDEX release_current ON release (design) WHERE state = 'released';
CREATE UNIQUE INDEX release_revision ON release (design, revision) WHERE state <> 'withdrawn';

CREATE TABLE release_approver (
    release TEXT NOT NULL REFERENCES release (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES person (id),
    -- approve, reject; null until decided in the review under way
    decision TEXT,
    remark TEXT NOT NULL DEFAULT '',
    time BIGINT,
    PRIMARY KEY (release, person)
);

-- What happened to it, in order.
CREATE TABLE release_event (
    release TEXT NOT NULL REFERENCES release (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    time BIGINT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    -- drafted, changed, submitted, approved, rejected, returned, released, superseded, withdrawn
    what TEXT NOT NULL,
    remark TEXT NOT NULL,
    PRIMARY KEY (release, n)
);

-- Bytes that are kept with it: the design, the artefacts of the runs that are its evidence, and their reports. They outlive
-- the runs.
CREATE TABLE release_artefact (
    release TEXT NOT NULL REFERENCES release (id) ON DELETE CASCADE,
    -- Empty for the design itself.
    run TEXT NOT NULL,
    -- Of the run's study, or the design.
    name TEXT NOT NULL,
    -- design, report, or a kind of run_artefact
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (release, run, kind)
);

CREATE TABLE release_notice (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    time BIGINT NOT NULL,
    -- review, approved, rejected, returned, released
    kind TEXT NOT NULL,
    release TEXT NOT NULL REFERENCES release (id) ON DELETE CASCADE,
    by_person TEXT NOT NULL REFERENCES person (id),
    remark TEXT NOT NULL,
    seen BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX release_notice_person ON release_notice (person, time);
