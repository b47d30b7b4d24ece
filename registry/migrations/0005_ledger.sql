-- What the rules of communication keep: violations, assignments, blocks and dependencies, one record each. A record that is
-- settled stays, like messages do; a starting daemon reads the open ones.
CREATE TABLE ledger (
    key    TEXT NOT NULL PRIMARY KEY,
    team   TEXT NOT NULL,
    kind   TEXT NOT NULL,                   -- violation, assignment, block or dependencies
    open   INTEGER NOT NULL,                -- 1 while a daemon has to know of it
    at     INTEGER NOT NULL,                -- when it began
    record TEXT NOT NULL,
    sum    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_kind ON ledger (kind, open, at);
