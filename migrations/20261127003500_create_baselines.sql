-- Scans that a person pinned as known to be good. What such a scan needs is never pruned.
create table baselines (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    seq integer not null,
    name text not null,
    note text not null,
    pinned_at integer not null,
    foreign key (cluster_id, seq) references scans (cluster_id, seq)
) strict;
create unique index baselines_by_name on baselines (cluster_id, name);
create index baselines_by_scan on baselines (cluster_id, seq);
