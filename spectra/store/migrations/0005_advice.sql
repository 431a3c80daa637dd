-- Kept free for what is measured for advice; replaced when that is merged.
SELECT 1;
