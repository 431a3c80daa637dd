"""The demo company on paper: its accounts, its teams and every group of machines it runs.

Quillmere Goods is an invented online marketplace for furniture. Nothing here describes a
real firm; the account numbers are those that AWS uses in its own examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["web", "batch", "database", "ci", "ml", "dev"]
Plan = Literal[
    "steady", "elastic", "nightly", "scheduled", "stopped", "resized", "renewed", "campaign"
]
Purchase = Literal["on-demand", "spot", "savings-plan", "reserved"]
Habit = Literal["normal", "idle", "runaway", "silent"]
Environment = Literal["production", "staging", "development"]

COMPANY_NAME = "Quillmere Goods"
PRODUCTION, WORKSHOP, DATA = "111122223333", "444455556666", "777788889999"
DEMO_ACCOUNTS: dict[str, str] = {
    PRODUCTION: "quillmere-production",
    WORKSHOP: "quillmere-staging-dev",
    DATA: "quillmere-data",
}
TEAMS = (
    "checkout", "storefront", "search", "payments",
    "logistics", "platform", "data-platform", "machine-learning",
)  # fmt: skip
# How people really write them.
TEAM_VARIANTS: dict[str, tuple[str, ...]] = {
    "checkout": ("chekout", "Checkout"),
    "storefront": ("STOREFRONT", "store-front"),
    "search": ("Search ",),
    "payments": ("payment", "Payments"),
    "logistics": ("Logistics", "logistic"),
    "platform": ("platform ", "Platform"),
    "data-platform": ("Data-Platform ", "data_platform"),
    "machine-learning": ("machine learning", "ML"),
}
ENVIRONMENT_VARIANTS: dict[str, tuple[str, ...]] = {
    "production": ("prod", "Production"),
    "staging": ("stage", "staging "),
    "development": ("dev", "Development"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Machines of one service in one region that are alike.

    Attributes
    ----------
    team
        Owner; "*" deals the machines out to all teams in turn.
    count
        Machines at a time; for autoscaled plans the most there are in a day.
    level
        Mean CPU over the week [%].
    data_gib
        Size of the data volume beside the root volume [GiB]; 0 for none.
    covered
        Share of the running hours that the purchase option covers [1].
    second_type
        The size a "resized" machine alternates with.
    gpu_agent
        Whether an agent reports the use of the GPUs, if there are any.
    team_tag
        How the template of the group spells its team; empty where it spells it right.
    """

    service: str
    team: str
    environment: Environment
    region: str
    role: Role
    instance_type: str
    count: int
    level: float
    plan: Plan = "steady"
    purchase: Purchase = "on-demand"
    habit: Habit = "normal"
    data_gib: int = 0
    data_type: str = "gp3"
    asg: bool = False
    covered: float = 1.0
    second_type: str = ""
    gpu_agent: bool = True
    team_tag: str = ""

    @property
    def account_id(self) -> str:
        """Twelve digits: by environment, and by team for the data teams."""
        if self.environment != "production":
            return WORKSHOP
        return DATA if self.team in ("data-platform", "machine-learning") else PRODUCTION

    @property
    def lifecycle(self) -> str:
        """Market the machines are bought on: "spot" or "on-demand"."""
        return "spot" if self.purchase == "spot" else "on-demand"

    @property
    def asg_name(self) -> str | None:
        """Name of the autoscaling group the machines belong to, if any."""
        grouped = self.asg or self.plan in ("elastic", "nightly")
        return f"{self.service}-{self.environment}-{self.region}" if grouped else None


P: Environment = "production"
S: Environment = "staging"
D: Environment = "development"

_SHOP = (
    Group("storefront-web", "storefront", P, "eu-central-1", "web", "c6g.xlarge", 6, 30, asg=True),
    Group("storefront-web", "storefront", P, "eu-central-1", "web", "c6g.xlarge", 5, 30, "elastic"),
    Group("storefront-web", "storefront", P, "us-east-1", "web", "c6i.xlarge", 6, 28,
          purchase="savings-plan", covered=0.6, asg=True),
    Group("storefront-web", "storefront", P, "us-east-1", "web", "c6i.xlarge", 5, 29, "elastic"),
    Group("storefront-web", "storefront", P, "ap-southeast-2", "web", "m6g.large", 3, 27, asg=True),
    Group("storefront-web", "storefront", P, "ap-southeast-2", "web", "m6g.large", 2, 29,
          "elastic"),
    Group("catalogue-db", "storefront", P, "us-east-1", "database", "r5.2xlarge", 3, 31,
          purchase="reserved", data_gib=500),
    Group("catalogue-db", "storefront", P, "eu-central-1", "database", "r5.2xlarge", 3, 28,
          purchase="reserved", data_gib=500),
    Group("image-resize", "storefront", P, "us-west-2", "web", "t3.medium", 6, 17),
    Group("image-resize", "storefront", P, "ca-central-1", "web", "t4g.small", 5, 15),
    Group("session-cache", "storefront", P, "us-east-1", "web", "r5.2xlarge", 3, 5.5),
    Group("campaign-landing", "storefront", P, "us-east-1", "web", "t3.medium", 3, 12, "campaign",
          data_gib=120, data_type="gp2"),
    Group("checkout-api", "checkout", P, "eu-west-1", "web", "m6i.large", 4, 27,
          purchase="savings-plan", asg=True),
    Group("checkout-api", "checkout", P, "eu-west-1", "web", "m6i.large", 3, 28, "elastic"),
    Group("checkout-api", "checkout", P, "us-east-1", "web", "m5.large", 4, 26),
    Group("pricing-engine", "checkout", P, "eu-west-2", "web", "m6i.xlarge", 4, 44,
          purchase="savings-plan", team_tag="chekout"),
    Group("returns-api", "checkout", P, "eu-central-1", "web", "m5.2xlarge", 4, 6),
    Group("fraud-scoring", "checkout", P, "eu-west-1", "web", "c5.xlarge", 1, 25, habit="runaway"),
    Group("payments-api", "payments", P, "eu-west-1", "web", "m5.xlarge", 4, 29,
          purchase="savings-plan"),
    Group("payments-api", "payments", P, "ap-northeast-1", "web", "c6g.large", 3, 27),
    Group("payments-ledger", "payments", P, "eu-west-1", "database", "r6g.xlarge", 2, 34,
          purchase="reserved", data_gib=400, data_type="io2"),
    Group("payments-gateway", "payments", P, "eu-west-2", "web", "t3.large", 4, 14, "renewed"),
    Group("search-index", "search", P, "us-east-1", "database", "r6g.2xlarge", 5, 34,
          purchase="savings-plan", data_gib=800),
    Group("search-index", "search", P, "eu-central-1", "database", "r6g.2xlarge", 4, 35,
          purchase="savings-plan", data_gib=800),
    Group("search-index", "search", P, "ap-south-1", "database", "r5.xlarge", 3, 32, data_gib=400),
    Group("search-query", "search", P, "ap-northeast-1", "web", "c6g.large", 4, 39),
    Group("search-query", "search", P, "sa-east-1", "web", "c5.xlarge", 3, 27),
)  # fmt: skip
_OPERATIONS = (
    Group("route-planner", "logistics", P, "eu-north-1", "batch", "c5.2xlarge", 5, 27),
    Group("route-planner", "logistics", P, "ap-south-1", "batch", "c5.xlarge", 5, 24),
    Group("route-planner", "logistics", P, "us-east-1", "batch", "m5.2xlarge", 1, 18, "resized",
          second_type="m5.4xlarge"),
    Group("warehouse-sync", "logistics", P, "sa-east-1", "web", "m5.large", 4, 21),
    Group("parcel-tracking", "logistics", P, "me-central-1", "web", "m5.large", 5, 26),
    Group("parcel-tracking", "logistics", P, "me-central-1", "web", "t3.large", 3, 16),
    Group("label-printer", "logistics", P, "eu-west-2", "web", "c5.2xlarge", 3, 5),
    Group("legacy-import", "logistics", P, "eu-west-1", "batch", "m4.xlarge", 3, 10, "stopped",
          data_gib=300, data_type="gp2"),
    Group("event-broker", "platform", P, "us-east-1", "database", "m5.2xlarge", 6, 30,
          purchase="savings-plan", data_gib=1000, data_type="st1"),
    Group("monitoring", "platform", P, "eu-west-1", "database", "m6g.2xlarge", 3, 33, data_gib=600),
    Group("bastion", "platform", P, "us-east-1", "dev", "t3.micro", 2, 3),
    Group("ci-controller", "platform", P, "eu-north-1", "ci", "c6g.xlarge", 2, 14),
    Group("ci-runner", "platform", P, "eu-north-1", "ci", "c6i.2xlarge", 5, 30, "elastic", "spot"),
    Group("mesh-gateway", "platform", P, "us-west-2", "web", "t3.medium", 4, 19, "renewed"),
    Group("edge-trial", "platform", P, "eu-central-1", "web", "m9x.large", 2, 24),
    Group("edge-trial", "platform", P, "us-east-1", "web", "hx3.xlarge", 1, 24, habit="silent"),
    Group("legacy-reporting", "platform", P, "us-east-1", "web", "m5.xlarge", 3, 0.8, habit="idle"),
    Group("partner-ftp", "logistics", P, "eu-west-2", "web", "t3.large", 2, 0.7, habit="idle"),
    Group("legacy-reporting", "platform", P, "ap-southeast-2", "web", "c5.large", 2, 0.9,
          habit="idle"),
)  # fmt: skip
_DATA = (
    Group("spark-worker", "data-platform", P, "us-west-2", "batch", "r5.4xlarge", 7, 40, "nightly",
          "spot"),
    Group("warehouse", "data-platform", P, "us-west-2", "database", "r5.4xlarge", 3, 33,
          purchase="reserved", data_gib=2000, data_type="st1"),
    Group("etl", "data-platform", P, "us-east-1", "batch", "m5.4xlarge", 4, 7, data_gib=500),
    Group("orchestrator", "data-platform", P, "ca-central-1", "batch", "m6g.xlarge", 3, 19),
    Group("stream-loader", "data-platform", P, "ap-northeast-1", "batch", "m5.large", 4, 25,
          team_tag="Data-Platform "),
    Group("training", "machine-learning", P, "us-west-2", "ml", "p3.2xlarge", 2, 24, data_gib=1000),
    Group("training", "machine-learning", P, "us-east-1", "ml", "p3.8xlarge", 1, 22,
          data_gib=2000, data_type="st1"),
    Group("recommender", "machine-learning", P, "us-east-1", "ml", "g4dn.xlarge", 4, 22,
          purchase="savings-plan"),
    Group("recommender", "machine-learning", P, "eu-west-1", "ml", "g4dn.xlarge", 3, 21,
          gpu_agent=False),
    Group("vision", "machine-learning", P, "us-west-2", "ml", "g5.xlarge", 3, 24, purchase="spot"),
    Group("feature-store", "machine-learning", P, "eu-north-1", "database", "m7g.xlarge", 3, 32,
          data_gib=300),
    Group("labelling", "machine-learning", P, "eu-west-1", "web", "t3.large", 2, 13,
          habit="silent"),
)  # fmt: skip
_WORKSHOP = (
    Group("storefront-web", "storefront", S, "eu-west-1", "web", "t3.large", 4, 11),
    Group("checkout-api", "checkout", S, "eu-west-1", "web", "t3.medium", 4, 9),
    Group("search-index", "search", S, "us-east-1", "database", "r6g.large", 3, 13, data_gib=200),
    Group("payments-api", "payments", S, "eu-central-1", "web", "t3.medium", 3, 8),
    Group("route-planner", "logistics", S, "ap-south-1", "batch", "t3.medium", 4, 14),
    Group("warehouse", "data-platform", S, "us-west-2", "database", "r5.xlarge", 2, 12,
          data_gib=500),
    Group("recommender", "machine-learning", S, "us-east-1", "ml", "g4dn.xlarge", 1, 15),
    Group("load-test", "platform", S, "ca-central-1", "ci", "c5.2xlarge", 2, 12, purchase="spot"),
    Group("legacy-portal", "storefront", S, "us-east-1", "web", "c4.2xlarge", 2, 8, "stopped",
          data_gib=200, data_type="standard"),
    Group("workstation", "*", D, "eu-central-1", "dev", "m5.large", 8, 6, "scheduled"),
    Group("workstation", "*", D, "us-east-1", "dev", "t3.xlarge", 8, 6, "scheduled"),
    Group("workstation", "logistics", D, "ap-south-1", "dev", "t3.large", 5, 7, "scheduled"),
    Group("sandbox", "*", D, "us-east-1", "dev", "t3.large", 5, 6, "stopped"),
    Group("sandbox", "*", D, "eu-central-1", "dev", "t3.medium", 5, 7),
)  # fmt: skip

GROUPS: tuple[Group, ...] = _SHOP + _OPERATIONS + _DATA + _WORKSHOP

REGIONS: tuple[str, ...] = tuple(sorted({group.region for group in GROUPS}))

# Volumes that nobody deleted: region, type, size [GiB].
ORPHANS: tuple[tuple[str, str, int], ...] = (
    ("us-east-1", "gp2", 500), ("us-east-1", "gp3", 200), ("eu-west-1", "gp2", 250),
    ("eu-central-1", "gp3", 100), ("us-west-2", "sc1", 1500), ("ap-south-1", "io1", 100),
)  # fmt: skip
