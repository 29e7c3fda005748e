-- The first schema. Instants are microseconds since 1970 UTC; ids are UUIDs as text; hashes are 32 bytes.
-- Everything is of one network. Message ids are no foreign keys: a message's rows are written in the
-- order of the rooms, and a deferred check would fail a whole group commit.

-- The directory ------------------------------------------------------------------------------------

CREATE TABLE facility (
  network TEXT NOT NULL,
  code    TEXT NOT NULL,
  name    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  mailbox INTEGER NOT NULL CHECK (mailbox IN (0, 1)),
  since   INTEGER NOT NULL,
  until   INTEGER,
  PRIMARY KEY (network, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
  network    TEXT NOT NULL,
  id         TEXT NOT NULL,
  facility   TEXT NOT NULL,
  profession TEXT NOT NULL,
  name       TEXT NOT NULL,
  since      INTEGER,
  until      INTEGER,
  PRIMARY KEY (network, id)
) STRICT, WITHOUT ROWID;

-- Records and persons ------------------------------------------------------------------------------

CREATE TABLE record (
  id          TEXT NOT NULL PRIMARY KEY,
  network     TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('resident', 'directory')),
  kana_folded TEXT,
  birth_date  TEXT,
  created_at  INTEGER NOT NULL,
  UNIQUE (id, network)
) STRICT;
-- A network has one directory record.
CREATE UNIQUE INDEX record_directory ON record (network) WHERE kind = 'directory';

CREATE TABLE person (
  id         TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
  id       TEXT NOT NULL PRIMARY KEY,
  record   TEXT NOT NULL REFERENCES record (id),
  person   TEXT NOT NULL REFERENCES person (id),
  since    INTEGER NOT NULL,
  until    INTEGER,
  by_actor TEXT NOT NULL,
  why      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX link_record ON link (record);
CREATE INDEX link_person ON link (person);

CREATE TABLE identifier (
  network TEXT NOT NULL,
  system  TEXT NOT NULL,
  value   TEXT NOT NULL,
  record  TEXT NOT NULL,
  rank    INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (network, system, value, record),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifier_record ON identifier (record);

CREATE TABLE identity_conflict (
  id      TEXT NOT NULL PRIMARY KEY,
  network TEXT NOT NULL,
  message TEXT NOT NULL,
  record  TEXT NOT NULL,
  other   TEXT,
  at      INTEGER NOT NULL,
  why     TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_conflict_at ON identity_conflict (network, at);

-- Resources ----------------------------------------------------------------------------------------

CREATE TABLE resource (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  type           TEXT NOT NULL,
  current        INTEGER NOT NULL,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_record ON resource (record, type);

-- The text is stored to the letter and stands last: the columns before it are read without it.
CREATE TABLE version (
  resource        TEXT NOT NULL REFERENCES resource (id),
  version         INTEGER NOT NULL CHECK (version > 0),
  network         TEXT NOT NULL,
  record          TEXT NOT NULL,
  category        TEXT NOT NULL,
  category_bit    INTEGER NOT NULL,
  owner           TEXT NOT NULL,
  sensitivity     TEXT NOT NULL,
  at              INTEGER NOT NULL,
  message         TEXT NOT NULL,
  deleted         INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  profile_version TEXT NOT NULL,
  policy          TEXT NOT NULL,
  text            TEXT NOT NULL,
  PRIMARY KEY (resource, version)
) STRICT;

-- Of current versions only.
CREATE TABLE search_index (
  resource TEXT NOT NULL REFERENCES resource (id),
  type     TEXT NOT NULL,
  param    TEXT NOT NULL,
  system   TEXT,
  value    TEXT NOT NULL
) STRICT;
CREATE INDEX search_index_value ON search_index (type, param, value, system, resource);
CREATE INDEX search_index_resource ON search_index (resource);

CREATE TABLE origin (
  network        TEXT NOT NULL,
  owner          TEXT NOT NULL,
  kind           TEXT NOT NULL,
  native_key     TEXT NOT NULL,
  sheet          TEXT NOT NULL UNIQUE,
  record         TEXT NOT NULL,
  native_version INTEGER NOT NULL,
  content_sha256 BLOB NOT NULL,
  kana_folded    TEXT,
  birth_date     TEXT,
  PRIMARY KEY (network, owner, kind, native_key),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE origin_part (
  sheet    TEXT NOT NULL REFERENCES origin (sheet),
  part_key TEXT NOT NULL,
  resource TEXT NOT NULL,
  PRIMARY KEY (sheet, part_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage (
  message  TEXT NOT NULL,
  resource TEXT NOT NULL,
  version  INTEGER NOT NULL,
  json     TEXT NOT NULL,
  PRIMARY KEY (resource, version)
) STRICT;
CREATE INDEX lineage_message ON lineage (message);

-- Who stands how to whom ---------------------------------------------------------------------------

-- 'none' and 'author_facility' follow from elsewhere; a row of that kind would give rights by accident.
CREATE TABLE relation (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  facility       TEXT NOT NULL,
  staff          TEXT,
  kind           TEXT NOT NULL
                 CHECK (kind IN ('team_member', 'facility_in_team', 'exchange', 'former', 'blocked')),
  owner_limit    TEXT,
  since          INTEGER NOT NULL,
  until          INTEGER,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX relation_record ON relation (record, facility, kind);
CREATE INDEX relation_facility ON relation (facility, record);

CREATE TABLE enrolment (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  basis          TEXT NOT NULL,
  since          INTEGER NOT NULL,
  until          INTEGER,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_record ON enrolment (record);

-- No facility, no profession: all of them. Categories are bits.
CREATE TABLE consent (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  effect         TEXT NOT NULL CHECK (effect IN ('deny', 'permit')),
  facility       TEXT,
  profession     TEXT,
  categories     INTEGER NOT NULL,
  since          INTEGER NOT NULL,
  until          INTEGER,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_record ON consent (record);

CREATE TABLE policy (
  hash         TEXT NOT NULL PRIMARY KEY,
  activated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The order of the key is the order in which `visible` asks.
CREATE TABLE grant_mask (
  policy      TEXT NOT NULL REFERENCES policy (hash),
  network     TEXT NOT NULL,
  profession  TEXT NOT NULL,
  purpose     TEXT NOT NULL,
  sensitivity TEXT NOT NULL,
  action      TEXT NOT NULL,
  relation    TEXT NOT NULL,
  categories  INTEGER NOT NULL,
  PRIMARY KEY (policy, network, profession, purpose, sensitivity, action, relation)
) STRICT, WITHOUT ROWID;

-- Messages -----------------------------------------------------------------------------------------

CREATE TABLE message (
  id              TEXT NOT NULL PRIMARY KEY,
  network         TEXT NOT NULL,
  sender          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  received_at     INTEGER NOT NULL,
  body_sha256     BLOB NOT NULL,
  body_path       TEXT,
  bytes           INTEGER NOT NULL,
  request         TEXT NOT NULL,
  episode         TEXT,
  profile_version TEXT NOT NULL,
  policy          TEXT NOT NULL,
  body            BLOB,
  CHECK ((body IS NULL) <> (body_path IS NULL))
) STRICT;
CREATE INDEX message_received ON message (network, received_at);
CREATE INDEX message_body_path ON message (body_path) WHERE body_path IS NOT NULL;

CREATE TABLE dedup (
  network     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  sender_key  TEXT NOT NULL,
  message     TEXT NOT NULL,
  body_sha256 BLOB NOT NULL,
  answer      TEXT NOT NULL,
  records     TEXT NOT NULL,
  PRIMARY KEY (network, sender, sender_key)
) STRICT;

CREATE TABLE quarantine (
  id          TEXT NOT NULL PRIMARY KEY,
  network     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  body_sha256 BLOB NOT NULL,
  body_path   TEXT,
  bytes       INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  request     TEXT NOT NULL,
  answer      TEXT NOT NULL,
  body        BLOB,
  CHECK ((body IS NULL) <> (body_path IS NULL))
) STRICT;
CREATE INDEX quarantine_received ON quarantine (network, received_at);
CREATE INDEX quarantine_body_path ON quarantine (body_path) WHERE body_path IS NOT NULL;

-- Lanes --------------------------------------------------------------------------------------------

-- The counter is this row: numbers are given in the order of the commits. due_at is retry time, lease
-- expiry and wake-up in one.
CREATE TABLE lane (
  destination   TEXT NOT NULL,
  record        TEXT NOT NULL,
  network       TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('open', 'parked', 'idle')),
  next_seq      INTEGER NOT NULL,
  head_seq      INTEGER NOT NULL,
  due_at        INTEGER NOT NULL,
  lease_owner   TEXT,
  fencing_token INTEGER NOT NULL,
  PRIMARY KEY (destination, record),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX lane_due ON lane (due_at) WHERE state = 'open';
CREATE INDEX lane_destination_due ON lane (destination, due_at) WHERE state = 'open';

CREATE TABLE delivery (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  destination    TEXT NOT NULL,
  record         TEXT NOT NULL,
  message        TEXT NOT NULL,
  sheet          TEXT NOT NULL,
  version        INTEGER NOT NULL,
  lane_seq       INTEGER NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open', 'delivered', 'parked')),
  attempt        INTEGER NOT NULL,
  accepted_token INTEGER,
  due_at         INTEGER NOT NULL,
  stored_at      INTEGER NOT NULL,
  UNIQUE (destination, record, lane_seq),
  FOREIGN KEY (destination, record) REFERENCES lane (destination, record),
  FOREIGN KEY (sheet, version) REFERENCES version (resource, version)
) STRICT;
-- What is done grows for ever; what waits does not.
CREATE INDEX delivery_open ON delivery (destination, record, lane_seq) WHERE state = 'open';

CREATE TABLE attempt (
  delivery TEXT NOT NULL REFERENCES delivery (id),
  n        INTEGER NOT NULL,
  started  INTEGER NOT NULL,
  ended    INTEGER,
  outcome  TEXT NOT NULL,
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
  id          TEXT NOT NULL PRIMARY KEY,
  delivery    TEXT NOT NULL REFERENCES delivery (id),
  sheet       TEXT NOT NULL,
  destination TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('stored', 'delivered', 'opened')),
  version     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  by_actor    TEXT NOT NULL,
  UNIQUE (delivery, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_sheet ON receipt (sheet, at);

-- The audit log ------------------------------------------------------------------------------------

CREATE TABLE leaf (
  id        TEXT NOT NULL PRIMARY KEY,
  seq       INTEGER UNIQUE,
  at        INTEGER NOT NULL,
  network   TEXT,
  canonical BLOB NOT NULL,
  hash      BLOB NOT NULL,
  link      BLOB,
  CHECK ((seq IS NULL) = (link IS NULL))
) STRICT;
CREATE INDEX leaf_unnumbered ON leaf (at, id) WHERE seq IS NULL;

-- May be deleted without breaking the chain.
CREATE TABLE leaf_detail (
  leaf  TEXT NOT NULL REFERENCES leaf (id),
  name  TEXT NOT NULL,
  salt  BLOB NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE INDEX leaf_detail_leaf ON leaf_detail (leaf);

CREATE TABLE leaf_person (
  leaf      TEXT NOT NULL REFERENCES leaf (id),
  pseudonym TEXT NOT NULL,
  PRIMARY KEY (leaf, pseudonym)
) STRICT, WITHOUT ROWID;
CREATE INDEX leaf_person_pseudonym ON leaf_person (pseudonym, leaf);

CREATE TABLE checkpoint (
  size INTEGER NOT NULL PRIMARY KEY,
  root BLOB NOT NULL,
  head BLOB NOT NULL,
  at   INTEGER NOT NULL,
  note TEXT NOT NULL
) STRICT;
