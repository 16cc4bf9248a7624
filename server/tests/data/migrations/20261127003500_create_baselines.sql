insert into baselines (id, cluster_id, seq, name, note, pinned_at) values (1, 1, 1, 'known good', 'after the review', 1);
