-- No rows of its own: the index is over people of earlier samples.
select 1;
