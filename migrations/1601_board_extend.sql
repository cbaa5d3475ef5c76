-- Views of the board that people saved under a name, so that they follow them to every browser.

CREATE TABLE board_view (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- JSON of filters, order and grouping.
    content TEXT NOT NULL
);
CREATE UNIQUE INDEX board_view_once ON board_view (organisation, person, name);

-- Who worked on a design lately, without reading its whole log.
CREATE INDEX entry_recent ON entry (design, time, author);
