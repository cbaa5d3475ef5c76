-- A second factor at the sign-in: a secret shared with the person's authenticator app, and codes for when that is lost.

CREATE TABLE factor (
    person TEXT NOT NULL PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    -- Base 32. A code can only be computed from the secret itself, so it is kept as it is.
    secret TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- When the first code was given; null while it is being set up, and asks for nothing.
    confirmed BIGINT,
    -- Time step of the last code that was taken: none is taken twice.
    step BIGINT NOT NULL DEFAULT 0
);

-- A code that was used is gone.
CREATE TABLE factor_recovery (
    code_hash TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE
);
CREATE INDEX factor_recovery_person ON factor_recovery (person);
