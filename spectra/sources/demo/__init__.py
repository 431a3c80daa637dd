"""The demo source: one fictional company, seeded and stable, with no key and no network."""

from spectra.sources.demo.blueprint import COMPANY_NAME, DEMO_ACCOUNTS
from spectra.sources.demo.company import DemoCompany

__all__ = ["COMPANY_NAME", "DEMO_ACCOUNTS", "DemoCompany"]
