-- No rows of its own: the indexes are over pods of earlier samples.
select 1;
