insert into staged_pods (id, namespace, name, uid, person, account, node, phase, created_at, own_json, shape_id,
    status_id, content)
values (1, 'jhub', 'jupyter-p-0123456789', 'uid-1', 'p-0123456789', 'default', 'node-1', 'Running', 1790000000000,
    '{"/status/podIP":"10.0.0.1"}', 1, 1, x'000102030405060708090a0b0c0d0e0f');
