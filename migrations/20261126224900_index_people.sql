-- A question about somebody's server names the person, and leads from the name to the token.
create index people_by_name on people (name);
