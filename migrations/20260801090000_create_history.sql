-- The history of clusters. Instants are milliseconds since 1970-01-01 UTC. An interval is half-open over the scan numbers of its
-- cluster: it holds from `first_scan` to just before `until_scan`, and still holds while `until_scan` is null. Empty text stands for
-- "no namespace" where the column is part of a key. `*_json` columns hold JSON written by the program.

-- Facts about this file: the key id of hashes, the version of the program that wrote last.
create table meta (
    key text not null primary key,
    value text not null
) strict, without rowid;

create table clusters (
    id integer not null primary key,
    -- The name in the configuration.
    name text not null unique,
    -- The uid of the namespace kube-system; null while it could not be read.
    uid text unique,
    -- The server's URL and a hash of its CA: what identifies a cluster whose uid cannot be read.
    address text not null,
    added_at integer not null,
    -- The first scan whose picture is still whole; what came before is pruned in part.
    history_from integer not null default 1
) strict;

-- One committed judgement. `seq` counts from 1 in each cluster; everything else refers to it.
create table scans (
    cluster_id integer not null references clusters (id),
    seq integer not null,
    cause text not null check (cause in ('initial', 'change', 'tick', 'manual')),
    taken_at integer not null,
    -- The oldest of the kinds' last list, event or bookmark.
    fresh_at integer not null,
    -- The resourceVersion of each kind it rests on; dropped after some days.
    resource_versions_json text,
    primary key (cluster_id, seq)
) strict, without rowid;
create index scans_by_instant on scans (cluster_id, taken_at);

-- How much of a kind was read. The kind `*` with state `not-running` marks a pause of Perijove itself: it holds for instants after
-- `first_scan` was taken and before `until_scan` was. The kind `ConfigMap/data` stands for one ConfigMap whose data could not be read;
-- its place is `namespace/name`.
create table coverage (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    kind text not null,
    namespace text not null,
    state text not null check (state in ('full', 'gap', 'not-running')),
    reason_json text,
    first_scan integer not null,
    until_scan integer,
    check ((state = 'gap') = (reason_json is not null))
) strict;
create unique index coverage_open on coverage (cluster_id, kind, namespace) where until_scan is null;
create index coverage_by_place on coverage (cluster_id, kind, namespace, first_scan);

-- The answers about Perijove's own rights.
create table reviews (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    first_scan integer not null,
    until_scan integer,
    answers_json text not null
) strict;
create unique index reviews_open on reviews (cluster_id) where until_scan is null;
create index reviews_by_cluster on reviews (cluster_id, first_scan);

-- Redacted bodies, once per distinct body. A row is visible only if something below refers to it.
create table contents (
    id integer not null primary key,
    hash blob not null unique check (length(hash) = 16),
    -- When it was last written ahead; what is not referred to is collected some time after.
    staged_at integer not null,
    body text not null
) strict;

create table hubs (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    namespace text not null,
    release text not null,
    app text not null,
    unique (cluster_id, namespace, release, app)
) strict;

-- A hub exists at a scan if one of these intervals holds there.
create table hub_facts (
    id integer not null primary key,
    hub_id integer not null references hubs (id),
    first_scan integer not null,
    until_scan integer,
    support text not null,
    chart_version text,
    chart_json text,
    tls_mode text,
    names_json text not null
) strict;
create unique index hub_facts_open on hub_facts (hub_id) where until_scan is null;
create index hub_facts_by_hub on hub_facts (hub_id, first_scan);

create table objects (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    hub_id integer references hubs (id),
    kind text not null,
    namespace text not null,
    name text not null,
    unique (cluster_id, kind, namespace, name)
) strict;
create index objects_by_hub on objects (hub_id) where hub_id is not null;

-- One content of one incarnation of an object, as long as it had it.
create table revisions (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    object_id integer not null references objects (id),
    uid text not null,
    first_scan integer not null,
    until_scan integer,
    -- The last scan that saw it, once the interval has ended: earlier than `until_scan - 1` if it ended unseen, in a gap.
    last_confirmed integer,
    -- 1 if it ended because the object was gone, 0 if another revision followed.
    gone integer not null default 0 check (gone in (0, 1)),
    -- 1 if its beginning is a change: it differs from what was there before in a security-relevant field, or is proven to be new.
    starts_change integer not null check (starts_change in (0, 1)),
    -- 1 if its end without a successor is a change.
    ends_change integer not null default 0 check (ends_change in (0, 1)),
    content blob not null check (length(content) = 16),
    drift blob not null check (length(drift) = 16),
    content_id integer not null references contents (id),
    managed_fields_json text not null
) strict;
create unique index revisions_open on revisions (object_id) where until_scan is null;
create index revisions_by_object on revisions (object_id, first_scan);
create index revisions_by_content on revisions (content_id);
create index revisions_by_end on revisions (cluster_id, until_scan);
create index revisions_by_change on revisions (cluster_id, first_scan) where starts_change = 1;
create index revisions_by_loss on revisions (cluster_id, until_scan) where ends_change = 1;

-- The latest body of each object that exists, overwritten without a revision.
create table current_objects (
    object_id integer not null primary key references objects (id),
    content_id integer not null references contents (id)
) strict;
create index current_objects_by_content on current_objects (content_id);

-- Pods in short form. What many pods share lies in two contents, one for what they are and one for how they are.
create table pods (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    hub_id integer references hubs (id),
    uid text not null,
    namespace text not null,
    name text not null,
    -- The token of the person whose server it is; it stands in the shared contents as a placeholder.
    person text,
    account text not null,
    node text,
    phase text,
    created_at integer,
    -- What only this pod has and no column holds, addresses above all, by JSON pointer.
    own_json text,
    shape_id integer not null references contents (id),
    status_id integer not null references contents (id),
    content blob not null check (length(content) = 16),
    -- 1 for the first interval of an incarnation.
    is_new integer not null check (is_new in (0, 1)),
    first_scan integer not null,
    until_scan integer,
    last_confirmed integer,
    gone integer not null default 0 check (gone in (0, 1))
) strict;
create unique index pods_open on pods (cluster_id, namespace, name) where until_scan is null;
create index pods_by_end on pods (cluster_id, until_scan);
create index pods_by_hub on pods (hub_id, first_scan) where hub_id is not null;
create index pods_by_shape on pods (shape_id);
create index pods_by_status on pods (status_id);
create index pods_by_person on pods (person) where person is not null;

-- What remains of pods that are no longer kept: how many of a class there were in an hour since 1970-01-01 UTC.
create table pod_counts (
    cluster_id integer not null references clusters (id),
    shape_id integer not null references contents (id),
    namespace text not null,
    account text not null,
    hour integer not null,
    hub_id integer references hubs (id),
    pods integer not null,
    primary key (cluster_id, shape_id, namespace, account, hour)
) strict, without rowid;
create index pod_counts_by_hub on pod_counts (hub_id, hour) where hub_id is not null;
create index pod_counts_by_shape on pod_counts (shape_id);

-- The keys of findings. An empty subject is the hub, or the cluster where there is no hub.
create table findings (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    code text not null,
    hub_id integer references hubs (id),
    subject_kind text not null,
    subject_namespace text not null,
    subject_name text not null
) strict;
create unique index findings_by_key
    on findings (cluster_id, code, coalesce(hub_id, 0), subject_kind, subject_namespace, subject_name);
create index findings_by_hub on findings (hub_id, code) where hub_id is not null;

-- Raw verdicts of every kind. `detail_json` follows counts and ages while the interval is open.
create table verdicts (
    id integer not null primary key,
    finding_id integer not null references findings (id),
    first_scan integer not null,
    until_scan integer,
    verdict text not null check (verdict in ('fail', 'warn', 'unknown', 'pass', 'not-applicable')),
    severity text not null check (severity in ('critical', 'high', 'medium', 'low', 'info')),
    -- A hash of what the interval compares, and one of everything it stores.
    compared blob not null check (length(compared) = 16),
    exact blob not null check (length(exact) = 16),
    reason_json text not null,
    detail_json text not null
) strict;
create unique index verdicts_open on verdicts (finding_id) where until_scan is null;
create index verdicts_by_end on verdicts (until_scan) where until_scan is not null;
create index verdicts_by_finding on verdicts (finding_id, first_scan);

-- How many findings of a hub have which verdict; without a hub, those of the cluster itself.
create table verdict_counts (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    hub_id integer references hubs (id),
    first_scan integer not null,
    until_scan integer,
    fail integer not null,
    warn integer not null,
    unknown integer not null,
    pass integer not null,
    not_applicable integer not null
) strict;
create unique index verdict_counts_open on verdict_counts (cluster_id, coalesce(hub_id, 0)) where until_scan is null;
create index verdict_counts_by_hub on verdict_counts (cluster_id, hub_id, first_scan);

-- From the first warn or fail of a finding to the proof that it is over.
create table episodes (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    finding_id integer not null references findings (id),
    opened_scan integer not null,
    -- The scan since which it could not be confirmed; null while it is.
    unconfirmed_since integer,
    closed_scan integer,
    closed_by text check (closed_by in ('pass', 'not-applicable', 'gone')),
    check ((closed_scan is null) = (closed_by is null))
) strict;
create unique index episodes_open on episodes (finding_id) where closed_scan is null;
create index episodes_open_by_cluster on episodes (cluster_id) where closed_scan is null;
create index episodes_by_finding on episodes (finding_id, opened_scan);
create index episodes_by_opening on episodes (cluster_id, opened_scan);
create index episodes_by_closing on episodes (cluster_id, closed_scan) where closed_scan is not null;

-- The answers to the four questions about the controls of a hub.
create table marks (
    id integer not null primary key,
    hub_id integer not null references hubs (id),
    control text not null check (control in ('https', 'metadata', 'policies', 'api-access')),
    question text not null check (question in ('configured', 'applied', 'enforced', 'observed')),
    first_scan integer not null,
    until_scan integer,
    mark text not null check (mark in ('yes', 'no', 'unknown', 'not-applicable')),
    compared blob not null check (length(compared) = 16),
    exact blob not null check (length(exact) = 16),
    reason_json text not null,
    evidence_json text not null
) strict;
create unique index marks_open on marks (hub_id, control, question) where until_scan is null;
create index marks_by_hub on marks (hub_id, control, question, first_scan);

-- The last sight of a hub's user servers; `seen_at` moves while the interval is open.
create table recalled_servers (
    id integer not null primary key,
    hub_id integer not null references hubs (id),
    first_scan integer not null,
    until_scan integer,
    seen_at integer not null,
    barrier integer not null check (barrier in (0, 1))
) strict;
create unique index recalled_servers_open on recalled_servers (hub_id) where until_scan is null;

-- The only place where a token leads to a name. Empty in an installation that keeps names hashed.
create table people (
    token text not null primary key,
    name text not null,
    seen_at integer not null
) strict, without rowid;
