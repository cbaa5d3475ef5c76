-- Runs of studies, and what they leave behind.

CREATE TABLE run (
    id TEXT NOT NULL PRIMARY KEY,
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    -- Log position it was started at.
    sequence BIGINT NOT NULL,
    -- Fingerprint of what it asks: study kind, version, set-up, and all the study sees.
    question TEXT NOT NULL,
    study TEXT NOT NULL,
    study_name TEXT NOT NULL,
    study_kind TEXT NOT NULL,
    study_version BIGINT NOT NULL,
    -- Blob of the design as JSON.
    document TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    seed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    -- The lease: queued, leased, done, failed, cancelled, dead.
    state TEXT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    attempt BIGINT NOT NULL DEFAULT 0,
    worker TEXT,
    worker_host TEXT,
    deadline BIGINT,
    cancel_asked BIGINT,
    message TEXT,
    started BIGINT,
    ended BIGINT,
    -- With the answer.
    core_seconds DOUBLE PRECISION,
    memory_bytes BIGINT,
    instruction_set TEXT,
    -- The run whose answer this is, when it was answered from the store.
    source TEXT
);
CREATE INDEX run_state ON run (state, created);
CREATE INDEX run_design ON run (design, created);
CREATE INDEX run_question ON run (design, question, state);

-- Bytes of an answer: surface, volume, log.
CREATE TABLE run_artefact (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (run, kind)
);
CREATE INDEX run_artefact_hash ON run_artefact (hash);
