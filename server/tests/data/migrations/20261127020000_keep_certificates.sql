insert into computed (cluster_id, hub_id, kind, key, first_scan, until_scan, hash, content_id, counts_json) values
    (1, null, 'certificates', '', 1, null, x'00000000000000000000000000000005', 5, '{}');
