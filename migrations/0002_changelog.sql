-- What the release's own CHANGELOG.md says of its version. Null: nothing, or recorded before this column was.
-- The triggers of `releases` look at whole rows, so this column is as immutable as the others.
alter table releases add column changelog text;
