-- Certificates are computed when judging, too. A check of a column cannot be changed, so the table is made again.

create table computed_next (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    -- Null for what belongs to the cluster.
    hub_id integer references hubs (id),
    kind text not null check (kind in ('reach', 'access', 'certificates')),
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
insert into computed_next (id, cluster_id, hub_id, kind, key, first_scan, until_scan, hash, content_id, counts_json)
    select id, cluster_id, hub_id, kind, key, first_scan, until_scan, hash, content_id, counts_json from computed;
drop table computed;
alter table computed_next rename to computed;
create unique index computed_open on computed (cluster_id, kind, coalesce(hub_id, 0), key) where until_scan is null;
create index computed_by_hub on computed (hub_id, kind, first_scan) where hub_id is not null;
create index computed_by_cluster on computed (cluster_id, kind, first_scan);
create index computed_by_content on computed (content_id);
create index computed_by_end on computed (cluster_id, until_scan);
