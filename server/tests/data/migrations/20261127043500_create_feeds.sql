insert into feeds (id, cluster_id, name, token, scope_json, made_at, used_at) values
    (1, 1, 'for operators', x'0000000000000000000000000000000000000000000000000000000000000001', null, 1, 2);
