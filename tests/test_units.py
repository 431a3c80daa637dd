"""Units: conversions that users of other tools got wrong, and numbers as they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from spectra import units


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (0.0, "0 g"),
        (12.34, "12.3 g"),
        (999.4, "999 g"),
        (999.96, "1.00 kg"),
        (1234.0, "1.23 kg"),
        (999_960.0, "1.00 t"),
        (-1500.0, "−1.50 kg"),
        (12_345_678_901.0, "12,300 t"),
        (None, "n/a"),
        (float("nan"), "n/a"),
        (float("inf"), "n/a"),
    ],
)
def test_mass(grams, text):
    assert units.mass_text(grams) == text


@pytest.mark.parametrize(
    ("kwh", "text"), [(0.0293, "29.3 Wh"), (5.0, "5.00 kWh"), (5222.0, "5.22 MWh"), (None, "n/a")]
)
def test_energy(kwh, text):
    assert units.energy_text(kwh) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.5, "$0.50"),
        (0.0042, "$0.0042"),
        (0.00004, "<$0.0001"),
        (-0.00004, ">−$0.0001"),
        (0.0, "$0.00"),
        (-12.0, "−$12.00"),
        (47660.2, "$47,660"),
        (None, "n/a"),
    ],
)
def test_money(usd, text):
    assert units.usd_text(usd) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.9999, ">99 %"),
        (0.951, "95 %"),
        (0.001, "<1 %"),
        (0.005, "<1 %"),
        (0, "0 %"),
        (-0.004, ">−1 %"),
        (-0.03, "−3 %"),
        (-0.997, "<−99 %"),
        (-1.0, "−100 %"),
        (None, "n/a"),
    ],
)
def test_share_is_100_percent_only_when_nothing_is_missing(share, text):
    assert units.share_text(share) == text


@pytest.mark.parametrize(
    ("percent", "text"), [(38.04, "38.0 %"), (-2.0, "−2.0 %"), (None, "n/a"), (float("nan"), "n/a")]
)
def test_per_cent(percent, text):
    assert units.percent_text(percent, 1) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.123, "+12 %"), (-0.03, "−3 %"), (0.001, "0 %"), (-0.001, "0 %"), (12.0, "+1,200 %"),
     (None, "n/a"), (float("nan"), "n/a")],
)  # fmt: skip
def test_a_change_has_a_sign_unless_it_is_none(share, text):
    assert units.change_text(share) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "0 h"), (2.54, "2.5 h"), (71.4, "71 h"), (72, "3 days"), (17_519, "730 days"),
     (87_600, "10 years"), (float("inf"), "n/a"), (None, "n/a")],
)  # fmt: skip
def test_a_length_of_time(hours, text):
    assert units.duration_text(hours) == text


def test_a_moment_is_told_in_utc():
    evening = datetime(2026, 11, 29, 23, 45, tzinfo=timezone(timedelta(hours=2)))
    assert units.moment_text(evening) == "29 Nov 21:45 UTC"


def test_no_hour_to_come_is_named():
    hour = datetime(2026, 11, 29, 21, tzinfo=UTC)
    assert units.until_text(hour, hour) == "until 29 Nov 21:00 UTC"
    later = hour + timedelta(hours=1)
    assert units.until_text(later, hour) == "to 29 Nov 21:00 UTC, that hour included"


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.2, "less than 1 h old"), (1.4, "1 h old"), (71.4, "71 h old"), (71.9, "3 days old"),
     (8_040, "335 days old")],
)  # fmt: skip
def test_ages_are_whole(hours, text):
    assert units.age_text(hours) == text


@pytest.mark.parametrize(
    "text",
    [
        "an m5d.large", "an r6i.xlarge", "an x2idn.metal", "an hpc7g.4xlarge", "an im4gn.large",
        "an a1.large", "an f1.2xlarge", "an i3.large", "an inf2.xlarge", "an io2", "an st1",
        "a c7g.large", "a t3.nano", "a g5.xlarge", "a p4d.24xlarge", "a trn1.2xlarge", "a gp3",
        "a u-6tb1.metal", "a u7i-12tb.224xlarge", "a mac2.metal", "a standard", "a spot",
        "a scheduled", "a capacity-block", "an on-demand", "an interruptible-capacity-reservation",
    ],
)  # fmt: skip
def test_the_article_before_a_name_is_as_it_is_spoken(text):
    assert units.with_article(text.split(" ")[1]) == text
