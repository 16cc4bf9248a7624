-- No rows of its own: the indexes are over rows of earlier samples.
select 1;
