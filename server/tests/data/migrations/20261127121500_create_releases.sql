insert into releases (id, cluster_id, namespace, name, first_scan, until_scan, standing_json, content_id, reason) values
    (1, 1, 'jhub', '', 1, null, null, null, null),
    (2, 1, 'jhub', 'prod', 1, null, '{"standing":{"deployed":2,"newest":[2,"deployed"]},"chart":"jupyterhub-4.4.0"}', 1, null);
update scans set releases_at = taken_at where seq = 1;
