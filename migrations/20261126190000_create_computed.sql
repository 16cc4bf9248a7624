-- Tables that are costly to compute, as intervals over scans: what each class of a hub's user servers reaches, who may do what. The body
-- is JSON of the program's own, once per distinct body.

create table computed (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    -- Null for what belongs to the cluster.
    hub_id integer references hubs (id),
    kind text not null check (kind in ('reach', 'access')),
    -- Which of the tables of this kind; empty where there is one.
    key text not null,
    first_scan integer not null,
    until_scan integer,
    -- The hash of the body: what decides a new interval.
    hash blob not null check (length(hash) = 16),
    content_id integer not null references contents (id),
    -- Numbers that follow the cluster while the interval is open, and are not compared.
    counts_json text not null default '{}'
) strict;
create unique index computed_open on computed (cluster_id, kind, coalesce(hub_id, 0), key) where until_scan is null;
create index computed_by_hub on computed (hub_id, kind, first_scan) where hub_id is not null;
create index computed_by_cluster on computed (cluster_id, kind, first_scan);
create index computed_by_content on computed (content_id);
create index computed_by_end on computed (cluster_id, until_scan);
