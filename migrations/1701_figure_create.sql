-- Figures for a run's report, as people captured them from the viewport.

CREATE TABLE run_figure (
    id TEXT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    -- Of a PNG that the server wrote from the pixels it was sent.
    hash TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    -- Log position of the design on the screen.
    sequence BIGINT NOT NULL,
    -- JSON of what coloured the result; null of the set-up.
    look TEXT,
    person TEXT NOT NULL REFERENCES person (id),
    created BIGINT NOT NULL
);
CREATE INDEX run_figure_run ON run_figure (run, created);
CREATE INDEX run_figure_hash ON run_figure (hash);
