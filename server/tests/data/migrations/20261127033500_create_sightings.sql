insert into sightings (id, cluster_id, spot_json, first_scan, until_scan, sight_json) values
    (1, 1, '"api-server"', 1, null, '{"Ok":{"api-server":["MAA="]}}');
