-- How designs stand by their requirements: computed from the log and from what runs published, and kept so that lists of many
-- designs answer at once. All of it can be computed anew, but for the course.

CREATE TABLE standing (
    design TEXT NOT NULL PRIMARY KEY REFERENCES design (id) ON DELETE CASCADE,
    -- What it was computed from: position in the log, and number of finished runs.
    sequence BIGINT NOT NULL,
    n_answers BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- JSON of the lines, one per requirement.
    content TEXT NOT NULL
);

-- How it went: a row for each change.
CREATE TABLE standing_course (
    design TEXT NOT NULL REFERENCES design (id) ON DELETE CASCADE,
    time BIGINT NOT NULL,
    -- JSON of the moment.
    content TEXT NOT NULL,
    PRIMARY KEY (design, time)
);
