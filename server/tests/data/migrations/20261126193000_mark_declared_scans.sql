insert into scans (cluster_id, seq, cause, taken_at, fresh_at, declared) values
    (1, 3, 'change', 1790000400000, 1790000399000, 0),
    (2, 1, 'initial', 1790000000000, 1790000000000, 1);
