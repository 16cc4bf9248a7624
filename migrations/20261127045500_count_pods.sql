-- Every page counts the servers of a hub at its scan. Those that run and those that ended later are found by their end: the index by
-- beginning led through all that ever began.
drop index pods_by_hub;
create index pods_by_hub on pods (hub_id, until_scan, first_scan) where hub_id is not null;
