-- What held at a scan is found among all intervals by their beginning and their end. With both in the index, the rows of what ended long ago
-- are not read.
drop index pods_by_end;
create index pods_by_end on pods (cluster_id, until_scan, first_scan);
drop index sightings_by_end;
create index sightings_by_end on sightings (cluster_id, until_scan, first_scan);
drop index coverage_by_place;
create index coverage_by_place on coverage (cluster_id, kind, namespace, first_scan, until_scan);
drop index verdict_counts_by_hub;
create index verdict_counts_by_hub on verdict_counts (cluster_id, hub_id, first_scan, until_scan);
drop index verdicts_by_finding;
create index verdicts_by_finding on verdicts (finding_id, first_scan, until_scan);
drop index revisions_by_object;
create index revisions_by_object on revisions (object_id, first_scan, until_scan);
drop index marks_by_hub;
create index marks_by_hub on marks (hub_id, control, question, first_scan, until_scan);
-- One table of one hub, or of the cluster.
drop index computed_by_cluster;
create index computed_by_cluster on computed (cluster_id, kind, hub_id, key, first_scan, until_scan);
-- Those that are open, by when they opened: the index by opening leads through all that ever were.
drop index episodes_open_by_cluster;
create index episodes_open_by_cluster on episodes (cluster_id, opened_scan) where closed_scan is null;
