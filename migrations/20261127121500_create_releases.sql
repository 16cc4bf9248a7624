-- What was seen of the releases of Helm in the namespaces that are looked at, as intervals of each.
create table releases (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    namespace text not null,
    -- The release; empty for the namespace itself, of which `reason` tells why its releases could not be listed.
    name text not null,
    first_scan integer not null,
    until_scan integer,
    -- Which revision is deployed, of which chart, and which one is the newest; null for the namespace itself.
    standing_json text,
    -- The redacted manifest of the deployed revision, or why there is none.
    content_id integer references contents (id),
    reason text,
    check ((name = '') = (standing_json is null)),
    check (content_id is null or (name <> '' and reason is null))
) strict;
create unique index releases_open on releases (cluster_id, namespace, name) where until_scan is null;
create index releases_by_content on releases (content_id);
create index releases_by_end on releases (cluster_id, until_scan, first_scan);
-- When releases were last looked at: changes of objects are seen at once, and what Helm keeps of them somewhat later.
alter table scans add column releases_at integer;
