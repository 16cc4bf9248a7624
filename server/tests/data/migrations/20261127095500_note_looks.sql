insert into scans (cluster_id, seq, cause, taken_at, fresh_at, looked_at, recalled) values
    (1, 4, 'tick', 1790000700000, 1790000699000, 1790000640000, 0),
    (1, 5, 'initial', 1790001000000, 1790000999000, 1790000640000, 1);
