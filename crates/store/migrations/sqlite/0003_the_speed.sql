-- The speed: fewer and smaller indexes, in the order in which pages are read.

-- Searching ----------------------------------------------------------------------------------------

-- A row stands only in the indexes that its kind of value is looked up by: a date by its day, a name or an
-- address by its folded text and to the letter. The page of a search by name is read in the order of
-- search_index_folded. What a resource has for a parameter is found without reading its rows.
DROP INDEX search_index_value;
CREATE INDEX search_index_value ON search_index (type, param, value, system, resource) WHERE low IS NULL;
DROP INDEX search_index_folded;
CREATE INDEX search_index_folded ON search_index (type, param, folded, resource) WHERE folded IS NOT NULL;
DROP INDEX search_index_low;
CREATE INDEX search_index_low ON search_index (type, param, low, resource) WHERE low IS NOT NULL;
DROP INDEX search_index_resource;
CREATE INDEX search_index_resource ON search_index (resource, param, folded);

-- Texts ---------------------------------------------------------------------------------------------

-- A long text is packed (LZ4 block, its length before it) and its column is empty then. Rows that are
-- there stay as they are. From now on one row of lineage holds all that a sheet brought, under the sheet's
-- id: packed, a JSON object from each resource's id to its lineage.
ALTER TABLE version ADD COLUMN packed BLOB;
ALTER TABLE lineage ADD COLUMN packed BLOB;
ALTER TABLE dedup ADD COLUMN packed BLOB;

-- The audit log ------------------------------------------------------------------------------------

-- Whom a leaf names is only ever asked from the person's side: one tree of rows is enough.
DROP INDEX leaf_person_pseudonym;
CREATE TABLE leaf_person_ordered (
  leaf      TEXT NOT NULL REFERENCES leaf (id),
  pseudonym TEXT NOT NULL,
  PRIMARY KEY (pseudonym, leaf)
) STRICT, WITHOUT ROWID;
INSERT INTO leaf_person_ordered (pseudonym, leaf) SELECT pseudonym, leaf FROM leaf_person;
DROP TABLE leaf_person;
ALTER TABLE leaf_person_ordered RENAME TO leaf_person;
