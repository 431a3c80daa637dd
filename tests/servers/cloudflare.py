"""Cloudflare Radar as its contract says: origins, the quality index, tokens, errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.servers.base import Answer, ContractServer, Request, serving

TOKEN = "cf-good-token"
BAD_TOKEN = Answer(
    401, {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}
)
NOT_FOUND = Answer(404, {"success": False, "errors": [{"code": 7003, "message": "no route"}]})


def summary(values: dict[str, str], **meta: Any) -> Answer:
    stated = {
        "dateRange": [{"startTime": "2026-11-24T00:00:00Z", "endTime": "2026-11-25T00:00:00Z"}],
        "lastUpdated": "2026-11-25T00:00:00Z",
        "normalization": "RAW_VALUES",
        "units": [{"name": "*", "value": "ms"}],
        "confidenceInfo": {"level": 5, "annotations": []},
        **meta,
    }
    return Answer(
        200, {"success": True, "errors": [], "result": {"meta": stated, "summary_0": values}}
    )


class CloudflareServer(ContractServer):
    def default(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return BAD_TOKEN
        answers = {
            "/user/tokens/verify": Answer(
                200, {"success": True, "errors": [], "result": {"status": "active"}}
            ),
            "/radar/origins/summary/PERCENTILE": summary(
                {"p50": "1.8", "p90": "22.4", "p99": "140.2"}
            ),
            "/radar/origins/summary/REGION": summary({"eu-central-1": "2.5", "us-east-1": "3.5"}),
            "/radar/quality/iqi/summary": summary({"p25": "12", "p50": "21.5", "p75": "40"}),
        }
        return answers.get(request.path, NOT_FOUND)


@contextmanager
def cloudflare() -> Iterator[CloudflareServer]:
    server = CloudflareServer()
    with serving(server):
        yield server
