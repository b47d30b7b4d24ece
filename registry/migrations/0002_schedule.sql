-- Planned notes (`torch schedule`). A row that fired or was cancelled stays, like messages do.
--
-- `due` is by the wall clock as it stood when the row was written; `record` also has the same instant on the clock of
-- that boot of the machine, which counts while the machine stays up (docs/schedule.md).
CREATE TABLE schedule (
    id     TEXT NOT NULL PRIMARY KEY,
    team   TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    due    INTEGER NOT NULL,
    state  TEXT NOT NULL,                   -- pending, fired or cancelled
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_state ON schedule (state, due);
