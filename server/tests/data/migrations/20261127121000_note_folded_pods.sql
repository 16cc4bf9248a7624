update clusters set pods_from = 2 where id = 1;
