-- The rows are counted from earlier samples: an object that changed at the second scan, and an episode that closed there.
select 1;
