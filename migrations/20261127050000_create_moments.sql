-- What each scan changed, counted once when it is committed, so that a line over a long history need not read all that the scan numbers of
-- revisions, episodes and verdicts tell. Scans that changed nothing have no row, and neither has the first, which found what was there.
create table moments (
    cluster_id integer not null references clusters (id),
    seq integer not null,
    -- The hub; 0 for what belongs to none.
    hub_id integer not null,
    -- That of the scan.
    taken_at integer not null,
    -- Episodes that opened and closed, objects that changed in what matters, came or went, and hubs that are new or whose chart's version
    -- differs.
    opened integer not null default 0,
    closed integer not null default 0,
    objects integer not null default 0,
    charts integer not null default 0,
    -- By how much the number of open faults grew that the scan saw with this severity. All others that are open are not confirmed.
    critical integer not null default 0,
    high integer not null default 0,
    medium integer not null default 0,
    low integer not null default 0,
    info integer not null default 0,
    primary key (cluster_id, seq, hub_id)
) strict, without rowid;

insert into moments (cluster_id, seq, hub_id, taken_at, opened, closed, objects, charts, critical, high, medium, low, info)
with
  seen (cluster_id, hub_id, severity, begun, ended) as (
    select e.cluster_id, f.hub_id, v.severity, v.first_scan, case when v.until_scan is null then e.closed_scan
        when e.closed_scan is null then v.until_scan else min(v.until_scan, e.closed_scan) end
      from episodes e join findings f on f.id = e.finding_id
      join verdicts v on v.finding_id = e.finding_id and v.first_scan >= e.opened_scan
        and (e.closed_scan is null or v.first_scan < e.closed_scan)
      where v.verdict in ('warn', 'fail')),
  events (cluster_id, seq, hub_id, opened, closed, objects, charts, severity, step) as (
    select e.cluster_id, e.opened_scan, f.hub_id, 1, 0, 0, 0, null, 0
      from episodes e join findings f on f.id = e.finding_id
    union all select e.cluster_id, e.closed_scan, f.hub_id, 0, 1, 0, 0, null, 0
      from episodes e join findings f on f.id = e.finding_id where e.closed_scan is not null
    union all select cluster_id, begun, hub_id, 0, 0, 0, 0, severity, 1 from seen
    union all select cluster_id, ended, hub_id, 0, 0, 0, 0, severity, -1 from seen where ended is not null
    union all select r.cluster_id, r.first_scan, o.hub_id, 0, 0, 1, 0, null, 0
      from revisions r join objects o on o.id = r.object_id where r.starts_change = 1
    union all select r.cluster_id, r.until_scan, o.hub_id, 0, 0, 1, 0, null, 0
      from revisions r join objects o on o.id = r.object_id where r.ends_change = 1 and r.until_scan is not null
    union all select h.cluster_id, x.first_scan, x.hub_id, 0, 0, 0, 1, null, 0
      from hub_facts x join hubs h on h.id = x.hub_id
      left join hub_facts p on p.hub_id = x.hub_id and p.until_scan = x.first_scan
      where p.id is null or p.chart_version is not x.chart_version)
select v.cluster_id, v.seq, coalesce(v.hub_id, 0), s.taken_at, sum(v.opened), sum(v.closed), sum(v.objects), sum(v.charts),
    sum(v.step * (v.severity is 'critical')), sum(v.step * (v.severity is 'high')), sum(v.step * (v.severity is 'medium')),
    sum(v.step * (v.severity is 'low')), sum(v.step * (v.severity is 'info'))
  from events v
  join clusters c on c.id = v.cluster_id
  join scans s on s.cluster_id = v.cluster_id and s.seq = v.seq
  where v.seq > 1 and v.seq >= c.history_from
  group by 1, 2, 3;
