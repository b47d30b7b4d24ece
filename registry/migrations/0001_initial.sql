-- The registry's first schema. Applied once, in one transaction, by torch-store; never edited afterwards:
-- a change is a new numbered file.
--
-- Times are milliseconds since the Unix epoch. Ids are ULIDs as 26 upper-case characters.
-- `record` columns hold the whole record as JSON; the columns beside them repeat what is queried.

-- Which migrations were applied, and when.
CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE team (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    project TEXT NOT NULL,
    desired TEXT NOT NULL,
    phase   TEXT NOT NULL,
    created INTEGER NOT NULL,
    record  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a team was called, also after it was removed: its messages stay and name it.
CREATE TABLE team_name (
    team TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent (
    id       TEXT NOT NULL PRIMARY KEY,
    team     TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    role     TEXT NOT NULL,
    position INTEGER NOT NULL,
    state    TEXT NOT NULL,
    record   TEXT NOT NULL,
    UNIQUE (team, role)
) STRICT, WITHOUT ROWID;

-- How far each agent's spool file was read, in bytes.
CREATE TABLE spool (
    agent TEXT NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages never change once they stand here, but for `read_at`. `n` is the order of acceptance.
CREATE TABLE message (
    n              INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    short          TEXT NOT NULL UNIQUE,    -- last 8 characters of `id`, lower case: what tags show
    team           TEXT NOT NULL,
    at             INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    sender         TEXT NOT NULL,           -- an agent's id, or human, script, unknown, torch
    sender_team    TEXT,                    -- for an agent
    sender_role    TEXT,                    -- for an agent
    sender_rule    TEXT NOT NULL,
    recipient      TEXT NOT NULL,           -- an agent's id, or human
    recipient_role TEXT,                    -- for an agent
    target         TEXT NOT NULL,
    pair_seq       INTEGER NOT NULL,
    body           TEXT NOT NULL,
    original       BLOB,                    -- as it came, where cleaning changed it
    cleaned        TEXT NOT NULL,           -- JSON array of strings
    decision       TEXT NOT NULL,
    rule           TEXT NOT NULL,
    reason         TEXT NOT NULL,
    critical       TEXT NOT NULL,           -- JSON array of strings
    key            TEXT,
    expires        INTEGER,
    inline         INTEGER NOT NULL,
    body_file      BLOB,                    -- a path's bytes
    cause          TEXT,
    read_at        INTEGER                  -- when the person read it
) STRICT;

CREATE UNIQUE INDEX message_key ON message (sender, key) WHERE key IS NOT NULL;
CREATE INDEX message_team ON message (team, n);
CREATE INDEX message_from ON message (sender_role, n);
CREATE INDEX message_to ON message (recipient_role, n);
CREATE INDEX message_inbox ON message (read_at, n) WHERE recipient = 'human';

-- The last number on each sender → recipient pair, so that a start need not read all messages.
CREATE TABLE pair (
    sender    TEXT NOT NULL,                -- the sender's label
    team      TEXT NOT NULL,                -- the sender's team; the message's team for a sender without one
    recipient TEXT NOT NULL,                -- an agent's id, or human
    last      INTEGER NOT NULL,
    PRIMARY KEY (sender, team, recipient)
) STRICT, WITHOUT ROWID;

-- One row per message: where its delivery stands now. Its past is in the journal.
CREATE TABLE delivery (
    message            INTEGER PRIMARY KEY REFERENCES message (n),
    state              TEXT NOT NULL,
    reason             TEXT,
    attempt            INTEGER NOT NULL,
    possible_duplicate INTEGER NOT NULL,
    launch             TEXT,
    since              INTEGER NOT NULL,
    evidence           TEXT NOT NULL
) STRICT;

CREATE INDEX delivery_state ON delivery (state, message);

-- What happened, append only. `hash` chains each row to the one before (registry/schemas/journal.md).
CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    cause   TEXT NOT NULL,
    data    TEXT NOT NULL,                  -- JSON
    content TEXT,                           -- digest of the message named by `subject`, for kinds message.*
    hash    TEXT NOT NULL
) STRICT;

CREATE INDEX journal_subject ON journal (subject, seq);

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN
    SELECT raise(ABORT, 'the journal is append only');
END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN
    SELECT raise(ABORT, 'the journal is append only');
END;

-- The chain's end, so that rows missing at the end are noticed.
CREATE TABLE chain (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    entries INTEGER NOT NULL,
    head    TEXT NOT NULL
) STRICT;

INSERT INTO chain VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
