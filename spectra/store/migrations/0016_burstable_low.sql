-- How far below its share of vCPUs a burstable type may lie, whose vCPUs are sold several times
-- over; a new version of the method fills it.

ALTER TABLE type_factors ADD COLUMN burst_sigma DOUBLE DEFAULT 0;

-- Sums by day with that spread, which is all below the central value, of energy and hardware alike.
CREATE VIEW emissions_spread AS
SELECT e.*, (scope2_lb_g + upstream_g + td_g + embodied_g) * coalesce(t.burst_sigma, 0)
    AS burst_sigma_g
FROM emissions_daily e LEFT JOIN type_factors t ON t.instance_type = e.resource_type;
