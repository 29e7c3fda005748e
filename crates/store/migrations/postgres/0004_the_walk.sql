-- The walk: a search passes over what its caller cannot see without looking at it.

-- The facility that wrote the current version; null where it does not matter, because everybody may see the
-- directory. With it and the record, an index says of whom its reader knows nothing.
ALTER TABLE resource ADD COLUMN owner TEXT;
UPDATE resource SET owner = (SELECT v.owner FROM version v WHERE v.resource = resource.id
  AND v.version = resource.current AND v.category <> 'directory');
CREATE INDEX resource_walk ON resource (type, id, record, owner);

-- The same beside every folded value, with the network: a page by name and its leaf read one index. Null where
-- nothing is folded.
ALTER TABLE search_index ADD COLUMN network TEXT;
ALTER TABLE search_index ADD COLUMN record TEXT;
ALTER TABLE search_index ADD COLUMN owner TEXT;
UPDATE search_index SET (network, record, owner) = (SELECT r.network, r.record, r.owner FROM resource r
  WHERE r.id = search_index.resource) WHERE folded IS NOT NULL;
DROP INDEX search_index_folded;
CREATE INDEX search_index_folded ON search_index (type, param, folded, resource, record, owner, network)
  WHERE folded IS NOT NULL;
-- Whether a date fits is known without its row.
DROP INDEX search_index_low;
CREATE INDEX search_index_low ON search_index (type, param, low, high, resource) WHERE low IS NOT NULL;
