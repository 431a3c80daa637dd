-- Facts of instance types and most of autoscaling groups were kept, and nothing read them.
DROP TABLE instance_type_facts;
ALTER TABLE autoscaling_groups DROP COLUMN max_size;
ALTER TABLE autoscaling_groups DROP COLUMN desired_capacity;
ALTER TABLE autoscaling_groups DROP COLUMN instance_count;
ALTER TABLE autoscaling_groups DROP COLUMN mixed_instances;

-- A minimum that cannot be is not known; emissions that cannot be were kept as if they could.
ALTER TABLE autoscaling_groups ALTER COLUMN min_size DROP NOT NULL;
DELETE FROM provider_emissions WHERE NOT (emissions_kg BETWEEN 0 AND 1e10);
