-- `inline` becomes one of a message's flags: 1 the body stays in the paste, 2 urgent. What is stored stays as it is, and so do
-- the rows' sums.
ALTER TABLE message RENAME COLUMN inline TO flags;
