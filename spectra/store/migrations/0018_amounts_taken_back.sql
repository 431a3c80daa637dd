-- A row without grams takes back what was set for its day; no row is changed or dropped.

ALTER TABLE budget_versions ALTER COLUMN grams DROP NOT NULL;
