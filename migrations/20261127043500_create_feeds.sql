-- Calendars that somebody made: whoever knows the token may read what the maker may see. Of the token only its hash is kept.
create table feeds (
    id integer not null primary key,
    cluster_id integer not null references clusters (id),
    name text not null,
    -- The SHA-256 of the token.
    token blob not null unique check (length(token) = 32),
    -- The numbers of the hubs that the maker may see; null for all and the cluster itself.
    scope_json text,
    made_at integer not null,
    used_at integer
) strict;
create index feeds_by_cluster on feeds (cluster_id);
