-- The first schema. Instants are microseconds since 1970 UTC; ids are UUIDs as text; hashes are 32 bytes.
-- Everything is of one network. Message ids are no foreign keys: a message's rows are written in the
-- order of the rooms, and a deferred check would fail a whole group commit.

-- The directory ------------------------------------------------------------------------------------

CREATE TABLE facility (
  network TEXT NOT NULL,
  code    TEXT NOT NULL,
  name    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  mailbox BIGINT NOT NULL CHECK (mailbox IN (0, 1)),
  since   BIGINT NOT NULL,
  until   BIGINT,
  PRIMARY KEY (network, code)
);

CREATE TABLE staff (
  network    TEXT NOT NULL,
  id         TEXT NOT NULL,
  facility   TEXT NOT NULL,
  profession TEXT NOT NULL,
  name       TEXT NOT NULL,
  since      BIGINT,
  until      BIGINT,
  PRIMARY KEY (network, id)
);

-- Records and persons ------------------------------------------------------------------------------

CREATE TABLE record (
  id          TEXT NOT NULL PRIMARY KEY,
  network     TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('resident', 'directory')),
  kana_folded TEXT,
  birth_date  TEXT,
  created_at  BIGINT NOT NULL,
  UNIQUE (id, network)
);
-- A network has one directory record.
CREATE UNIQUE INDEX record_directory ON record (network) WHERE kind = 'directory';

CREATE TABLE person (
  id         TEXT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL
);

CREATE TABLE link (
  id       TEXT NOT NULL PRIMARY KEY,
  record   TEXT NOT NULL REFERENCES record (id),
  person   TEXT NOT NULL REFERENCES person (id),
  since    BIGINT NOT NULL,
  until    BIGINT,
  by_actor TEXT NOT NULL,
  why      TEXT NOT NULL
);
CREATE INDEX link_record ON link (record);
CREATE INDEX link_person ON link (person);

CREATE TABLE identifier (
  network TEXT NOT NULL,
  system  TEXT NOT NULL,
  value   TEXT NOT NULL,
  record  TEXT NOT NULL,
  rank    BIGINT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (network, system, value, record),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX identifier_record ON identifier (record);

CREATE TABLE identity_conflict (
  id      TEXT NOT NULL PRIMARY KEY,
  network TEXT NOT NULL,
  message TEXT NOT NULL,
  record  TEXT NOT NULL,
  other   TEXT,
  at      BIGINT NOT NULL,
  why     TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX identity_conflict_at ON identity_conflict (network, at);

-- Resources ----------------------------------------------------------------------------------------

CREATE TABLE resource (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  type           TEXT NOT NULL,
  current        BIGINT NOT NULL,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX resource_record ON resource (record, type);

-- The text is stored to the letter and stands last: the columns before it are read without it.
CREATE TABLE version (
  resource        TEXT NOT NULL REFERENCES resource (id),
  version         BIGINT NOT NULL CHECK (version > 0),
  network         TEXT NOT NULL,
  record          TEXT NOT NULL,
  category        TEXT NOT NULL,
  category_bit    BIGINT NOT NULL,
  owner           TEXT NOT NULL,
  sensitivity     TEXT NOT NULL,
  at              BIGINT NOT NULL,
  message         TEXT NOT NULL,
  deleted         BIGINT NOT NULL CHECK (deleted IN (0, 1)),
  profile_version TEXT NOT NULL,
  policy          TEXT NOT NULL,
  text            TEXT NOT NULL,
  PRIMARY KEY (resource, version)
);

-- Of current versions only.
CREATE TABLE search_index (
  resource TEXT NOT NULL REFERENCES resource (id),
  type     TEXT NOT NULL,
  param    TEXT NOT NULL,
  system   TEXT,
  value    TEXT NOT NULL
);
CREATE INDEX search_index_value ON search_index (type, param, value, system, resource);
CREATE INDEX search_index_resource ON search_index (resource);

CREATE TABLE origin (
  network        TEXT NOT NULL,
  owner          TEXT NOT NULL,
  kind           TEXT NOT NULL,
  native_key     TEXT NOT NULL,
  sheet          TEXT NOT NULL UNIQUE,
  record         TEXT NOT NULL,
  native_version BIGINT NOT NULL,
  content_sha256 BYTEA NOT NULL,
  kana_folded    TEXT,
  birth_date     TEXT,
  PRIMARY KEY (network, owner, kind, native_key),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);

CREATE TABLE origin_part (
  sheet    TEXT NOT NULL REFERENCES origin (sheet),
  part_key TEXT NOT NULL,
  resource TEXT NOT NULL,
  PRIMARY KEY (sheet, part_key)
);

CREATE TABLE lineage (
  message  TEXT NOT NULL,
  resource TEXT NOT NULL,
  version  BIGINT NOT NULL,
  json     TEXT NOT NULL,
  PRIMARY KEY (resource, version)
);
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
  since          BIGINT NOT NULL,
  until          BIGINT,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX relation_record ON relation (record, facility, kind);
CREATE INDEX relation_facility ON relation (facility, record);

CREATE TABLE enrolment (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  basis          TEXT NOT NULL,
  since          BIGINT NOT NULL,
  until          BIGINT,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX enrolment_record ON enrolment (record);

-- No facility, no profession: all of them. Categories are bits.
CREATE TABLE consent (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  record         TEXT NOT NULL,
  effect         TEXT NOT NULL CHECK (effect IN ('deny', 'permit')),
  facility       TEXT,
  profession     TEXT,
  categories     BIGINT NOT NULL,
  since          BIGINT NOT NULL,
  until          BIGINT,
  source_message TEXT NOT NULL,
  FOREIGN KEY (record, network) REFERENCES record (id, network)
);
CREATE INDEX consent_record ON consent (record);

CREATE TABLE policy (
  hash         TEXT NOT NULL PRIMARY KEY,
  activated_at BIGINT NOT NULL
);

-- The order of the key is the order in which `visible` asks.
CREATE TABLE grant_mask (
  policy      TEXT NOT NULL REFERENCES policy (hash),
  network     TEXT NOT NULL,
  profession  TEXT NOT NULL,
  purpose     TEXT NOT NULL,
  sensitivity TEXT NOT NULL,
  action      TEXT NOT NULL,
  relation    TEXT NOT NULL,
  categories  BIGINT NOT NULL,
  PRIMARY KEY (policy, network, profession, purpose, sensitivity, action, relation)
);

-- Messages -----------------------------------------------------------------------------------------

CREATE TABLE message (
  id              TEXT NOT NULL PRIMARY KEY,
  network         TEXT NOT NULL,
  sender          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  received_at     BIGINT NOT NULL,
  body_sha256     BYTEA NOT NULL,
  body_path       TEXT,
  bytes           BIGINT NOT NULL,
  request         TEXT NOT NULL,
  episode         TEXT,
  profile_version TEXT NOT NULL,
  policy          TEXT NOT NULL,
  body            BYTEA,
  CHECK ((body IS NULL) <> (body_path IS NULL))
);
CREATE INDEX message_received ON message (network, received_at);
CREATE INDEX message_body_path ON message (body_path) WHERE body_path IS NOT NULL;

CREATE TABLE dedup (
  network     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  sender_key  TEXT NOT NULL,
  message     TEXT NOT NULL,
  body_sha256 BYTEA NOT NULL,
  answer      TEXT NOT NULL,
  records     TEXT NOT NULL,
  PRIMARY KEY (network, sender, sender_key)
);

CREATE TABLE quarantine (
  id          TEXT NOT NULL PRIMARY KEY,
  network     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  body_sha256 BYTEA NOT NULL,
  body_path   TEXT,
  bytes       BIGINT NOT NULL,
  reason      TEXT NOT NULL,
  request     TEXT NOT NULL,
  answer      TEXT NOT NULL,
  body        BYTEA,
  CHECK ((body IS NULL) <> (body_path IS NULL))
);
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
  next_seq      BIGINT NOT NULL,
  head_seq      BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  lease_owner   TEXT,
  fencing_token BIGINT NOT NULL,
  PRIMARY KEY (destination, record),
  FOREIGN KEY (record, network) REFERENCES record (id, network)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX lane_due ON lane (due_at) WHERE state = 'open';
CREATE INDEX lane_destination_due ON lane (destination, due_at) WHERE state = 'open';

CREATE TABLE delivery (
  id             TEXT NOT NULL PRIMARY KEY,
  network        TEXT NOT NULL,
  destination    TEXT NOT NULL,
  record         TEXT NOT NULL,
  message        TEXT NOT NULL,
  sheet          TEXT NOT NULL,
  version        BIGINT NOT NULL,
  lane_seq       BIGINT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open', 'delivered', 'parked')),
  attempt        BIGINT NOT NULL,
  accepted_token BIGINT,
  due_at         BIGINT NOT NULL,
  stored_at      BIGINT NOT NULL,
  UNIQUE (destination, record, lane_seq),
  FOREIGN KEY (destination, record) REFERENCES lane (destination, record),
  FOREIGN KEY (sheet, version) REFERENCES version (resource, version)
);
-- What is done grows for ever; what waits does not.
CREATE INDEX delivery_open ON delivery (destination, record, lane_seq) WHERE state = 'open';

CREATE TABLE attempt (
  delivery TEXT NOT NULL REFERENCES delivery (id),
  n        BIGINT NOT NULL,
  started  BIGINT NOT NULL,
  ended    BIGINT,
  outcome  TEXT NOT NULL,
  PRIMARY KEY (delivery, n)
);

CREATE TABLE receipt (
  id          TEXT NOT NULL PRIMARY KEY,
  delivery    TEXT NOT NULL REFERENCES delivery (id),
  sheet       TEXT NOT NULL,
  destination TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('stored', 'delivered', 'opened')),
  version     BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  by_actor    TEXT NOT NULL,
  UNIQUE (delivery, kind)
);
CREATE INDEX receipt_sheet ON receipt (sheet, at);

-- The audit log ------------------------------------------------------------------------------------

CREATE TABLE leaf (
  id        TEXT NOT NULL PRIMARY KEY,
  seq       BIGINT UNIQUE,
  at        BIGINT NOT NULL,
  network   TEXT,
  canonical BYTEA NOT NULL,
  hash      BYTEA NOT NULL,
  link      BYTEA,
  CHECK ((seq IS NULL) = (link IS NULL))
);
CREATE INDEX leaf_unnumbered ON leaf (at, id) WHERE seq IS NULL;

-- May be deleted without breaking the chain.
CREATE TABLE leaf_detail (
  leaf  TEXT NOT NULL REFERENCES leaf (id),
  name  TEXT NOT NULL,
  salt  BYTEA NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX leaf_detail_leaf ON leaf_detail (leaf);

CREATE TABLE leaf_person (
  leaf      TEXT NOT NULL REFERENCES leaf (id),
  pseudonym TEXT NOT NULL,
  PRIMARY KEY (leaf, pseudonym)
);
CREATE INDEX leaf_person_pseudonym ON leaf_person (pseudonym, leaf);

CREATE TABLE checkpoint (
  size BIGINT NOT NULL PRIMARY KEY,
  root BYTEA NOT NULL,
  head BYTEA NOT NULL,
  at   BIGINT NOT NULL,
  note TEXT NOT NULL
);
