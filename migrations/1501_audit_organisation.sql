-- Organisations are invisible to one another, in the audit log too.

-- Whose entry it is; null: the installation's.
ALTER TABLE audit ADD COLUMN organisation TEXT;
-- What is hashed: 1 all but the organisation, as in rows from before there was one, 2 the organisation too.
ALTER TABLE audit ADD COLUMN form BIGINT NOT NULL DEFAULT 1;

-- Rows from before go by what they are about, else by who acted. Of those that is a way to show them, and no part of the chain.
UPDATE audit SET organisation = COALESCE(
    (SELECT project.organisation FROM design JOIN project ON project.id = design.project
        WHERE audit.object LIKE 'design:%' AND design.id = SUBSTR(audit.object, 8)),
    (SELECT organisation FROM project WHERE audit.object LIKE 'project:%' AND id = SUBSTR(audit.object, 9)),
    (SELECT organisation FROM people_group WHERE audit.object LIKE 'group:%' AND id = SUBSTR(audit.object, 7)),
    (SELECT project.organisation FROM compartment JOIN project ON project.id = compartment.project
        WHERE audit.object LIKE 'compartment:%' AND compartment.id = SUBSTR(audit.object, 13)),
    (SELECT organisation FROM invitation WHERE audit.object LIKE 'invitation:%' AND id = SUBSTR(audit.object, 12)),
    (SELECT id FROM organisation WHERE audit.object LIKE 'organisation:%' AND id = SUBSTR(audit.object, 14)),
    (SELECT organisation FROM member WHERE audit.object LIKE 'person:%' AND person = SUBSTR(audit.object, 8) ORDER BY joined LIMIT 1),
    (SELECT organisation FROM member WHERE audit.actor LIKE 'person:%' AND person = SUBSTR(audit.actor, 8) ORDER BY joined LIMIT 1)
) WHERE object <> 'installation';

CREATE INDEX audit_organisation ON audit (organisation, sequence);
