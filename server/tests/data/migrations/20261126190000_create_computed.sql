insert into contents (id, hash, staged_at, body) values
    (4, x'00000000000000000000000000000004', 1790000000000, '{"classes":[]}'),
    (5, x'00000000000000000000000000000005', 1790000000000, '{"subjects":[]}');
insert into computed (cluster_id, hub_id, kind, key, first_scan, until_scan, hash, content_id, counts_json) values
    (1, 1, 'reach', '', 1, 2, x'00000000000000000000000000000004', 4, '{"a":3}'),
    (1, 1, 'reach', '', 2, null, x'00000000000000000000000000000005', 5, '{}'),
    (1, null, 'access', '', 1, null, x'00000000000000000000000000000005', 5, '{}');
