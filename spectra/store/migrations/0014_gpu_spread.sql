-- Where an accelerator's load alone is unknown, it alone is spread: the CPU was measured.

ALTER TABLE type_factors ADD COLUMN gpu_sigma DOUBLE;
UPDATE type_factors SET gpu_sigma = default_sigma;

CREATE OR REPLACE VIEW instance_emissions AS
SELECT
    e.hour, e.instance_id AS resource_id, e.region, e.account_id, e.team, e.environment,
    'Amazon EC2' AS service, e.instance_type AS resource_type,
    e.running_fraction AS resource_hours, e.cpu_pct, e.utilisation_tier, e.intensity_tier, e.zone,
    e.intensity_direct_g_per_kwh, e.intensity_lifecycle_g_per_kwh, e.energy_kwh,
    e.energy_kwh * e.intensity_direct_g_per_kwh AS scope2_lb_g,
    e.energy_kwh * upstream(
        e.intensity_direct_g_per_kwh, e.intensity_lifecycle_g_per_kwh) AS upstream_g,
    e.energy_kwh * e.intensity_lifecycle_g_per_kwh * e.td_factor AS td_g,
    e.running_fraction * t.embodied_g_per_h AS embodied_g,
    ccf_kwh(e.running_fraction, e.pue, e.cpu_pct, e.gpu_pct, t.ccf_idle_watts,
            t.ccf_watts_per_pct, t.gpu_idle_watts, t.gpu_max_watts) AS ccf_low_kwh,
    t.power_sigma,
    intensity_sigma(e.intensity_tier) AS intensity_sigma,
    utilisation_sigma(
        e.utilisation_tier, unknown_sigma(e.cpu_pct, t.default_sigma, t.gpu_sigma)
    ) AS utilisation_sigma,
    p.usd_per_hour
FROM instance_energy e
JOIN type_factors t USING (instance_type)
LEFT JOIN prices p ON p.instance_type = e.instance_type AND p.region = e.region;
