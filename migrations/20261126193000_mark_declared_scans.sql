-- Whether a scan judged files (1) or a cluster that answered (0): in files an absence proves nothing, so the same records are judged
-- differently. Until now only the address told, which is a folder's where files are served.
alter table scans add column declared integer not null default 0 check (declared in (0, 1));
update scans set declared = 1 where cluster_id in (select id from clusters where address like 'file://%');
