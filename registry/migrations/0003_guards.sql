-- What makes silent damage visible: a sum in every row, counters that tell a lost row, the place where the journal
-- was cut off when its old part was archived. `torch_sum` and `torch_schema` are functions of torch-store.

-- The digest of the schema after this migration; without one for the migrations before.
ALTER TABLE migration ADD COLUMN schema TEXT;

-- SHA-256 over the row's other columns, its first 8 bytes as a number. Written with the row, checked when it is read.
ALTER TABLE team ADD COLUMN sum INTEGER;
ALTER TABLE team_name ADD COLUMN sum INTEGER;
ALTER TABLE agent ADD COLUMN sum INTEGER;
ALTER TABLE spool ADD COLUMN sum INTEGER;
ALTER TABLE message ADD COLUMN sum INTEGER;
ALTER TABLE pair ADD COLUMN sum INTEGER;
ALTER TABLE delivery ADD COLUMN sum INTEGER;
ALTER TABLE schedule ADD COLUMN sum INTEGER;
ALTER TABLE chain ADD COLUMN sum INTEGER;

-- Which registry this is, and how many commits it has taken: compared with the mark beside the file.
ALTER TABLE chain ADD COLUMN registry TEXT NOT NULL DEFAULT '';
ALTER TABLE chain ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
-- How many messages are stored, and how many deliveries are under way (neither at an end nor `accepted`).
ALTER TABLE chain ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
-- The last entry of the journal that was archived, and its hash: the chain goes on from there.
ALTER TABLE chain ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN base_hash TEXT NOT NULL
    DEFAULT '0000000000000000000000000000000000000000000000000000000000000000';

-- Entries at or below the base are in the archive and may go.
DROP TRIGGER journal_no_delete;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal WHEN old.seq > (SELECT base FROM chain) BEGIN
    SELECT raise(ABORT, 'the journal is append only');
END;

UPDATE team SET sum = torch_sum(id, name, project, desired, phase, created, record);
UPDATE team_name SET sum = torch_sum(team, name);
UPDATE agent SET sum = torch_sum(id, team, role, position, state, record);
UPDATE spool SET sum = torch_sum(agent, bytes);
UPDATE message SET sum = torch_sum(n, id, short, team, at, kind, sender, sender_team, sender_role, sender_rule,
    recipient, recipient_role, target, pair_seq, body, original, cleaned, decision, rule, reason, critical, key,
    expires, inline, body_file, cause, read_at);
UPDATE pair SET sum = torch_sum(sender, team, recipient, last);
UPDATE delivery SET sum = torch_sum(message, state, reason, attempt, possible_duplicate, launch, since, evidence);
UPDATE schedule SET sum = torch_sum(id, team, due, state, record);
UPDATE chain SET registry = lower(hex(randomblob(16))), messages = (SELECT count(*) FROM message),
    open = (SELECT count(*) FROM delivery
        WHERE state NOT IN ('accepted', 'consumed', 'acked', 'refused', 'expired', 'dead'));
UPDATE chain SET sum = torch_sum(entries, head, registry, commits, messages, open, base, base_hash);
