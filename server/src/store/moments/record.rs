//! What a scan changed, counted in its transaction.

use sqlx::SqliteConnection;

use super::super::{ClusterId, ScanNumber, StoreError};

/// Counts what a scan changed, after everything else of it is written.
///
/// What the first scan of a cluster found was there before, and is no change.
pub(in super::super) async fn commit(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    if scan.0 == 1 {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into moments
             (cluster_id, seq, hub_id, taken_at, opened, closed, objects, charts, critical, high, medium, low, info)
           with
             held (finding_id, opened, closed) as (
               select e.finding_id, e.opened_scan, null from episodes e where e.cluster_id = ?1 and e.closed_scan is null
               union all select e.finding_id, e.opened_scan, e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan = ?2),
             -- The order is forced: few episodes are open, and many findings and verdicts are kept.
             ended (finding_id, severity) as (
               select h.finding_id, v.severity from held h
                 cross join verdicts v on v.finding_id = h.finding_id and v.first_scan >= h.opened and v.first_scan < ?2
                 where (v.until_scan = ?2 or v.until_scan is null and h.closed = ?2) and v.verdict in ('warn', 'fail')),
             begun (finding_id, severity) as (
               select h.finding_id, v.severity from held h
                 cross join verdicts v on v.finding_id = h.finding_id and v.first_scan = ?2
                 where h.closed is null and v.until_scan is null and v.verdict in ('warn', 'fail')),
             judged (finding_id, opened, closed, severity, step) as (
               select finding_id, 1, 0, null, 0 from held where opened = ?2
               union all select finding_id, 0, 1, null, 0 from held where closed = ?2
               union all select finding_id, 0, 0, severity, 1 from begun
               union all select finding_id, 0, 0, severity, -1 from ended),
             events (hub_id, opened, closed, objects, charts, severity, step) as (
               select f.hub_id, j.opened, j.closed, 0, 0, j.severity, j.step
                 from judged j cross join findings f on f.id = j.finding_id
               union all select o.hub_id, 0, 0, 1, 0, null, 0 from revisions r cross join objects o on o.id = r.object_id
                 where r.cluster_id = ?1 and r.starts_change = 1 and r.first_scan = ?2
               union all select o.hub_id, 0, 0, 1, 0, null, 0 from revisions r cross join objects o on o.id = r.object_id
                 where r.cluster_id = ?1 and r.ends_change = 1 and r.until_scan = ?2
               union all select x.hub_id, 0, 0, 0, 1, null, 0 from hubs h
                 join hub_facts x on x.hub_id = h.id and x.first_scan = ?2
                 left join hub_facts p on p.hub_id = x.hub_id and p.until_scan = x.first_scan
                 where h.cluster_id = ?1 and (p.id is null or p.chart_version is not x.chart_version))
           select ?1, ?2, coalesce(n.hub_id, 0), s.taken_at, sum(n.opened), sum(n.closed), sum(n.objects), sum(n.charts),
             sum(n.step * (n.severity is 'critical')), sum(n.step * (n.severity is 'high')),
             sum(n.step * (n.severity is 'medium')), sum(n.step * (n.severity is 'low')),
             sum(n.step * (n.severity is 'info'))
           from events n cross join scans s on s.cluster_id = ?1 and s.seq = ?2
           group by coalesce(n.hub_id, 0)"#,
        cluster.0,
        scan.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts what an object did before a scan for another hub than until now: an object's history is that of the hub it belongs to.
pub(in super::super) async fn move_object(
    connection: &mut SqliteConnection,
    object: i64,
    (from, to): (Option<i64>, Option<i64>),
    scan: ScanNumber,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"insert into moments (cluster_id, seq, hub_id, taken_at, objects)
           with
             events (cluster_id, seq) as (
               select r.cluster_id, r.first_scan from revisions r where r.object_id = ?1 and r.starts_change = 1
               union all select r.cluster_id, r.until_scan from revisions r
                 where r.object_id = ?1 and r.ends_change = 1 and r.until_scan is not null),
             moved (cluster_id, seq, hub_id, step) as (
               select cluster_id, seq, coalesce(?2, 0), -1 from events
               union all select cluster_id, seq, coalesce(?3, 0), 1 from events)
           select m.cluster_id, m.seq, m.hub_id, s.taken_at, sum(m.step) from moved m
           cross join clusters c on c.id = m.cluster_id
           join scans s on s.cluster_id = m.cluster_id and s.seq = m.seq
           where m.seq > 1 and m.seq >= c.history_from and m.seq < ?4
           group by m.cluster_id, m.seq, m.hub_id
           on conflict do update set objects = objects + excluded.objects"#,
        object,
        from,
        to,
        scan.0
    )
    .execute(connection)
    .await?;
    Ok(())
}
