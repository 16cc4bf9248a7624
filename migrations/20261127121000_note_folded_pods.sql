-- From which scan on every pod is kept by itself. Those that ended at this scan or before are numbers per hour, so of earlier scans it is
-- not known which pods there were.
alter table clusters add column pods_from integer not null default 1;
update clusters set pods_from = coalesce(
    (select min(s.seq) from scans s where s.cluster_id = clusters.id
     and s.taken_at / 3600000 > (select max(c.hour) from pod_counts c where c.cluster_id = clusters.id)),
    (select max(s.seq) from scans s where s.cluster_id = clusters.id),
    1)
where exists (select 1 from pod_counts c where c.cluster_id = clusters.id);
