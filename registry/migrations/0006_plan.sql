-- A team's plan: the tasks of its specs, with their owners and how far they are. `record` is all of it, as JSON.
CREATE TABLE plan (
    team   TEXT NOT NULL PRIMARY KEY REFERENCES team (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    record TEXT NOT NULL,
    sum    INTEGER
) STRICT, WITHOUT ROWID;
