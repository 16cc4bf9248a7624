-- When TLS connections were last made, and whether an earlier run of the program made them: the age of what is told is that of the look,
-- however many scans tell it.
alter table scans add column looked_at integer;
alter table scans add column recalled integer not null default 0 check (recalled in (0, 1));
