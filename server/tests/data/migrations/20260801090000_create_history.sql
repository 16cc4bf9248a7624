insert into meta values ('version', '0.1.0');
insert into clusters (id, name, uid, address, added_at) values
    (1, 'teaching', '6f0c7c5e-0000-4000-8000-000000000001', 'https://teaching.example.org:6443 ca:1', 1790000000000),
    (2, 'lab', null, 'https://lab.example.org:6443 ca:2', 1790000000000);
insert into scans values
    (1, 1, 'initial', 1790000000000, 1789999999000, '{"Pod":"100"}'),
    (1, 2, 'tick', 1790000300000, 1790000299000, null);
insert into coverage (cluster_id, kind, namespace, state, reason_json, first_scan, until_scan) values
    (1, 'Pod', '', 'full', null, 1, null),
    (1, 'Ingress', '', 'gap', '"forbidden"', 1, 2),
    (1, 'ConfigMap/data', 'jhub/hub', 'gap', '"forbidden"', 1, null),
    (1, '*', '', 'not-running', null, 1, 2);
insert into reviews (cluster_id, first_scan, answers_json) values (1, 1, '{"Err":"not-read"}');
insert into contents (id, hash, staged_at, body) values
    (1, x'00000000000000000000000000000001', 1790000000000, '{"kind":"Service"}'),
    (2, x'00000000000000000000000000000002', 1790000000000, '{"spec":{}}'),
    (3, x'00000000000000000000000000000003', 1790000000000, '{}');
insert into hubs (id, cluster_id, namespace, release, app) values (1, 1, 'jhub', 'prod', 'jupyterhub');
insert into hub_facts (hub_id, first_scan, support, chart_version, chart_json, tls_mode, names_json) values
    (1, 1, 'zero-to-jupyter-hub', '4.4.0', null, 'letsencrypt', '{"hub":"hub"}');
insert into objects (id, cluster_id, hub_id, kind, namespace, name) values (1, 1, 1, 'Service', 'jhub', 'proxy-public');
insert into revisions (cluster_id, object_id, uid, first_scan, until_scan, last_confirmed, gone, starts_change, content,
    drift, content_id, managed_fields_json) values
    (1, 1, 'a', 1, 2, 1, 0, 0, x'0000000000000000000000000000000a', x'0000000000000000000000000000000b', 1, '[]'),
    (1, 1, 'a', 2, null, null, 0, 1, x'0000000000000000000000000000000c', x'0000000000000000000000000000000d', 1, '[]');
insert into current_objects values (1, 1);
insert into pods (cluster_id, hub_id, uid, namespace, name, person, account, node, phase, created_at, own_json, shape_id,
    status_id, content, is_new, first_scan) values
    (1, 1, 'p', 'jhub', 'jupyter-p-0123456789', 'p-0123456789', 'default', 'node-1', 'Running', 1789990000000,
     '{"/status/podIP":"10.0.0.1"}', 2, 3, x'0000000000000000000000000000000e', 1, 1);
insert into pod_counts values (1, 2, 'jhub', 'default', 497000, 1, 12);
insert into findings (id, cluster_id, code, hub_id, subject_kind, subject_namespace, subject_name) values
    (1, 1, 'TLS-01', 1, '', '', ''), (2, 1, 'TIL-01', null, 'Deployment', 'kube-system', 'tiller-deploy');
insert into verdicts (finding_id, first_scan, verdict, severity, compared, exact, reason_json, detail_json) values
    (1, 1, 'fail', 'high', x'00000000000000000000000000000010', x'00000000000000000000000000000011',
     '{"id":"no-https","template":"no port 443","args":{}}', '{"evidence":[],"slots":{}}');
insert into verdict_counts (cluster_id, hub_id, first_scan, fail, warn, unknown, pass, not_applicable) values
    (1, 1, 1, 1, 0, 0, 0, 0);
insert into episodes (cluster_id, finding_id, opened_scan, closed_scan, closed_by) values
    (1, 1, 1, null, null), (1, 2, 1, 2, 'gone');
insert into marks (hub_id, control, question, first_scan, mark, compared, exact, reason_json, evidence_json) values
    (1, 'https', 'applied', 1, 'no', x'00000000000000000000000000000012', x'00000000000000000000000000000013',
     '{"id":"x","template":"x","args":{}}', '[]');
insert into recalled_servers (hub_id, first_scan, seen_at, barrier) values (1, 1, 1790000000000, 1);
insert into people values ('p-0123456789', 'ada', 1790000000000);
