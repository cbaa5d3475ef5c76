-- Groups of people, with roles in projects, and compartments: designs that only their members know of.

CREATE TABLE people_group (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX people_group_organisation ON people_group (organisation);

CREATE TABLE group_person (
    people_group TEXT NOT NULL REFERENCES people_group (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    PRIMARY KEY (people_group, person)
);
CREATE INDEX group_person_person ON group_person (person);

CREATE TABLE project_group (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    people_group TEXT NOT NULL REFERENCES people_group (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (project, people_group)
);
CREATE INDEX project_group_group ON project_group (people_group);

CREATE TABLE compartment (
    id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX compartment_project ON compartment (project);

CREATE TABLE compartment_person (
    compartment TEXT NOT NULL REFERENCES compartment (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    PRIMARY KEY (compartment, person)
);

CREATE TABLE compartment_group (
    compartment TEXT NOT NULL REFERENCES compartment (id) ON DELETE CASCADE,
    people_group TEXT NOT NULL REFERENCES people_group (id) ON DELETE CASCADE,
    PRIMARY KEY (compartment, people_group)
);
CREATE INDEX compartment_group_group ON compartment_group (people_group);

-- Refers to nothing on purpose: the row outlives the design and the compartment, so that what the audit log says of a removed
-- design stays hidden.
CREATE TABLE compartment_design (
    design TEXT NOT NULL PRIMARY KEY,
    compartment TEXT NOT NULL
);
CREATE INDEX compartment_design_compartment ON compartment_design (compartment);
