-- The region: residents are found, matched and looked up by crews.
--
-- New: `face` and `face_term` (who a sheet says somebody is, and what that is found by),
-- `identity_review` (pairs for the network's office; it replaces `identity_conflict`, whose rows move
-- there), `identity_change` (links are changed and undone by these), `emergency_search`, `opening` and
-- `emergency_note` (what crews searched, opened and noted), search values for names and dates, the day
-- and the receiver of an origin. `staff` holds one row for each employment now.

-- What is searched ----------------------------------------------------------------------------------

-- A folded value is for searching by its beginning; low and high are the microseconds a date covers
-- (high exclusive).
ALTER TABLE search_index ADD COLUMN folded TEXT COLLATE "C";
ALTER TABLE search_index ADD COLUMN low BIGINT;
ALTER TABLE search_index ADD COLUMN high BIGINT;
CREATE INDEX search_index_folded ON search_index (type, param, folded, resource);
CREATE INDEX search_index_low ON search_index (type, param, low, resource);

-- The day of what a sheet tells (an admission), and the facility it was written for: for reports.
ALTER TABLE origin ADD COLUMN event_date TEXT;
ALTER TABLE origin ADD COLUMN destination TEXT;

-- As the newest version of a sheet has it, unfolded. `phones` is a JSON array; `deceased` and `moved`
-- are a day, or empty if only the fact is known.
CREATE TABLE face (
  sheet       TEXT NOT NULL PRIMARY KEY REFERENCES resource (id),
  patient     TEXT NOT NULL REFERENCES resource (id),
  network     TEXT NOT NULL,
  record      TEXT NOT NULL,
  owner       TEXT NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT,
  kana        TEXT,
  birth_date  TEXT,
  sex         TEXT,
  address     TEXT,
  district    TEXT,
  postal_code TEXT,
  phones      TEXT NOT NULL,
  deceased    TEXT,
  moved       TEXT,
  at          BIGINT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX face_record ON face (record, at);
CREATE INDEX face_birth ON face (network, birth_date);

-- The order of the key is the order in which a search asks.
CREATE TABLE face_term (
  network TEXT NOT NULL,
  kind    TEXT NOT NULL,
  value   TEXT COLLATE "C" NOT NULL,
  sheet   TEXT NOT NULL REFERENCES face (sheet),
  PRIMARY KEY (network, kind, value, sheet)
);
CREATE INDEX face_term_sheet ON face_term (sheet, kind);

-- Who is whom ---------------------------------------------------------------------------------------

-- A record is of one person at a time.
DROP INDEX link_record;
CREATE INDEX link_record ON link (record, since);
CREATE UNIQUE INDEX link_current ON link (record) WHERE until IS NULL;

-- `nth` orders the changes that touched one person; a change without effect has none.
CREATE TABLE identity_change (
  id        TEXT NOT NULL PRIMARY KEY,
  network   TEXT NOT NULL,
  kind      TEXT NOT NULL CHECK (kind IN ('auto', 'link', 'unlink', 'undo')),
  review    TEXT,
  at        BIGINT NOT NULL,
  by_actor  TEXT NOT NULL,
  reason    TEXT NOT NULL,
  undoes    TEXT REFERENCES identity_change (id),
  undone_by TEXT REFERENCES identity_change (id),
  nth       BIGINT,
  CHECK ((kind = 'undo') = (undoes IS NOT NULL))
);
CREATE UNIQUE INDEX identity_change_undoes ON identity_change (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX identity_change_nth ON identity_change (nth);

-- The change that made the row, and the one that ended it.
ALTER TABLE link ADD COLUMN change TEXT REFERENCES identity_change (id);
ALTER TABLE link ADD COLUMN ended_by TEXT REFERENCES identity_change (id);
CREATE INDEX link_change ON link (change) WHERE change IS NOT NULL;
CREATE INDEX link_ended_by ON link (ended_by) WHERE ended_by IS NOT NULL;

-- Of a pair, `record` is the lower id. Without `other`, a message contradicts its own record.
CREATE TABLE identity_review (
  id         TEXT NOT NULL PRIMARY KEY,
  network    TEXT NOT NULL,
  record     TEXT NOT NULL,
  other      TEXT,
  score      BIGINT NOT NULL,
  grounds    TEXT NOT NULL,
  message    TEXT,
  state      TEXT NOT NULL CHECK (state IN ('open', 'later', 'same', 'different')),
  raised_at  BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT,
  reason     TEXT,
  change     TEXT REFERENCES identity_change (id),
  FOREIGN KEY (record, network) REFERENCES record (id, network),
  FOREIGN KEY (other, network) REFERENCES record (id, network)
);
CREATE UNIQUE INDEX identity_review_pair ON identity_review (record, other) WHERE other IS NOT NULL;
CREATE INDEX identity_review_record ON identity_review (record, state);
CREATE INDEX identity_review_other ON identity_review (other) WHERE other IS NOT NULL;
CREATE INDEX identity_review_queue ON identity_review (network, state, raised_at, id);

INSERT INTO identity_review (id, network, record, other, score, grounds, message, state, raised_at)
  SELECT id, network, CASE WHEN other < record THEN other ELSE record END,
         CASE WHEN other < record THEN record ELSE other END, 0,
         json_build_object('raisedBy', 'identifier', 'grounds', json_build_array(), 'why', why)::text,
         message, 'open', at
  FROM identity_conflict WHERE true
  ON CONFLICT DO NOTHING;
DROP TABLE identity_conflict;

-- What crews did ------------------------------------------------------------------------------------

-- Never what was asked for: how many things were, and how many people were found. `networks` is `,a,b,`.
CREATE TABLE emergency_search (
  id       TEXT NOT NULL PRIMARY KEY,
  networks TEXT NOT NULL,
  facility TEXT NOT NULL,
  actor    TEXT NOT NULL,
  asked    BIGINT NOT NULL,
  found    BIGINT NOT NULL,
  at       BIGINT NOT NULL
);
CREATE INDEX emergency_search_actor ON emergency_search (facility, actor, at);
CREATE INDEX emergency_search_at ON emergency_search (at);

-- Break-glass: a card that was opened. It counts as open until `until`, or until it was called wrong.
CREATE TABLE opening (
  id          TEXT NOT NULL PRIMARY KEY,
  search      TEXT REFERENCES emergency_search (id),
  network     TEXT NOT NULL,
  record      TEXT NOT NULL,
  person      TEXT NOT NULL REFERENCES person (id),
  facility    TEXT NOT NULL,
  actor       TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  reason_text TEXT NOT NULL,
  dispatch    TEXT NOT NULL,
  at          BIGINT NOT NULL,
  until       BIGINT NOT NULL,
  wrong_at    BIGINT,
  wrong_text  TEXT,
  FOREIGN KEY (record, network) REFERENCES record (id, network),
  CHECK ((wrong_at IS NULL) = (wrong_text IS NULL))
);
CREATE INDEX opening_actor ON opening (facility, actor, at);
CREATE INDEX opening_record ON opening (record, facility, actor, at);
CREATE INDEX opening_at ON opening (network, at);
CREATE INDEX opening_search ON opening (search) WHERE search IS NOT NULL;

-- A note on a patient whom nobody could name yet; linked to a record when somebody can.
CREATE TABLE emergency_note (
  id        TEXT NOT NULL PRIMARY KEY,
  network   TEXT NOT NULL,
  facility  TEXT NOT NULL,
  actor     TEXT NOT NULL,
  dispatch  TEXT NOT NULL,
  text      TEXT NOT NULL,
  sex       TEXT,
  age_text  TEXT,
  place     TEXT,
  at        BIGINT NOT NULL,
  record    TEXT,
  linked_at BIGINT,
  linked_by TEXT,
  FOREIGN KEY (record, network) REFERENCES record (id, network),
  CHECK ((record IS NULL) = (linked_at IS NULL) AND (record IS NULL) = (linked_by IS NULL))
);
CREATE INDEX emergency_note_open ON emergency_note (facility, at) WHERE record IS NULL;
CREATE INDEX emergency_note_record ON emergency_note (record, at) WHERE record IS NOT NULL;

-- Who works where -----------------------------------------------------------------------------------

-- One row for each facility and profession somebody works in, with its dates; since 0: always.
ALTER TABLE staff RENAME TO staff_before;
CREATE TABLE staff (
  network    TEXT NOT NULL,
  id         TEXT NOT NULL,
  facility   TEXT NOT NULL,
  profession TEXT NOT NULL,
  name       TEXT NOT NULL,
  since      BIGINT NOT NULL DEFAULT 0,
  until      BIGINT,
  PRIMARY KEY (network, id, facility, profession, since)
);
CREATE INDEX staff_facility ON staff (network, facility);
INSERT INTO staff (network, id, facility, profession, name, since, until)
  SELECT network, id, facility, profession, name, coalesce(since, 0), until FROM staff_before;
DROP TABLE staff_before;
