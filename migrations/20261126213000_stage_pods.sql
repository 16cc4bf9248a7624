-- Pods that are written ahead, so that memory does not follow their number. Only the commit of their scan reads them, and takes them out;
-- what is never committed is removed when the database is opened. They do not hold the contents they name, which are kept for a day.
create table staged_pods (
    id integer not null primary key,
    namespace text not null,
    name text not null,
    uid text not null,
    person text,
    account text not null,
    node text,
    phase text,
    created_at integer,
    own_json text,
    shape_id integer not null,
    status_id integer not null,
    content blob not null check (length(content) = 16)
) strict;
