-- What is seen of certificates outside the lists of the API, as intervals of each spot. Only public parts are kept.
create table sightings (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    -- Where: a Secret, a name with its port, or the API server.
    spot_json text not null,
    first_scan integer not null,
    until_scan integer,
    -- What was seen there, or why nothing was.
    sight_json text not null
) strict;
create unique index sightings_open on sightings (cluster_id, spot_json) where until_scan is null;
create index sightings_by_spot on sightings (cluster_id, spot_json, first_scan);
create index sightings_by_end on sightings (cluster_id, until_scan);
