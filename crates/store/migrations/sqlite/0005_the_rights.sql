-- The rights: what `visible` asks of a record's relations and enrolments stands in the indexes that it asks, so that a
-- row's reader is judged without reading their rows, each of them a page somewhere else.

DROP INDEX relation_record;
CREATE INDEX relation_record ON relation (record, facility, kind, since, until, staff, owner_limit);
DROP INDEX enrolment_record;
CREATE INDEX enrolment_record ON enrolment (record, since, until);
