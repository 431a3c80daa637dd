"""How well detection does on labelled series and on injections into demo telemetry: the gate."""

import pytest

from spectra.insight.anomalies import DEFAULT, idle_instances
from tests.benchmarks import anomalies as bench
from tests.insight.days import by_day


@pytest.mark.shared
def test_labelled_series_at_one_threshold(shared_data):
    cases = bench.labelled(shared_data / "nab")
    assert len(cases) == 17
    everything = bench.total([bench.tally(case, DEFAULT.threshold) for case in cases])
    assert everything.precision >= 0.60
    assert everything.recall >= 0.55
    assert everything.false_per_day <= 0.14
    assert everything.windows == 30
    of_cpu = [bench.tally(case, DEFAULT.threshold) for case in cases if bench.is_cpu(case)]
    cpu = bench.total(of_cpu)
    assert len(of_cpu) == 10
    assert cpu.precision >= 0.70
    assert cpu.recall >= 0.65


@pytest.mark.shared
def test_the_threshold_is_the_one_that_the_other_series_would_choose(shared_data):
    cases = bench.labelled(shared_data / "nab")
    thresholds = (1.0, DEFAULT.threshold, 1.3, 1.5)
    made = {t: [bench.tally(case, t) for case in cases] for t in thresholds}
    left_out = bench.left_out(made)
    assert left_out.precision >= 0.55
    assert left_out.recall >= 0.50


def test_a_runaway_is_found_within_three_hours():
    found = bench.found_in_time(*bench.with_runaways(200))
    assert len(found) == 200
    assert found.mean() >= 0.95


def test_a_month_without_trouble_raises_next_to_nothing():
    assert bench.clean_rate(1) <= 0.10


def test_a_machine_that_idles_for_a_day_is_always_found():
    wide, _ = bench.telemetry(1, bench.WARM_UP_DAYS + 10)
    quiet = wide.tail(72).ffill().bfill()
    rows = quiet.rename_axis("hour").melt(
        ignore_index=False, var_name="series", value_name="cpu_avg_pct"
    )
    rows = rows.reset_index().assign(
        running_share=1.0, gpu_max_pct=float("nan"), network_bytes=1e5, grams=5.0, usd=0.1
    )
    rows["cpu_avg_pct"] += 2  # no machine idles of itself
    last = rows["hour"] >= rows["hour"].max() - 23 * (quiet.index[1] - quiet.index[0])
    rows["cpu_avg_pct"] = rows["cpu_avg_pct"].mask(last, 0.7)
    rows["cpu_max_pct"] = rows["cpu_avg_pct"] * 1.5
    idle = idle_instances(by_day(rows, bench.END))
    assert len(idle) == wide.shape[1]
    assert (idle["days"] == 1).all()
