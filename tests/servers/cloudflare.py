"""Cloudflare Radar as its contract says: origins, the quality index, tokens, errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.servers.base import Answer, ContractServer, Request, serving

TOKEN = "cf-good-token"


def failure(
    status: int, code: int | None, message: str = "", headers: dict[str, str] | None = None
) -> Answer:
    """An envelope of one error; its code may be missing."""
    error = {"message": message} if code is None else {"code": code, "message": message}
    return Answer(status, {"success": False, "errors": [error], "result": {}}, headers or {})


BAD_TOKEN = failure(401, 10000, "Authentication error")
ILL_FORMED_TOKEN = failure(400, 6003, "Invalid request headers")
FORBIDDEN = failure(403, 9109, "Unauthorized to access requested resource")
INTERNAL = failure(500, 2000, "internal")
INVALID = failure(400, 2001, "input validation")
TOO_COSTLY = failure(422, 2002, "query above the maximal cost")
THROTTLED = failure(429, 1015, "too many requests", {"Retry-After": "300"})
NOT_FOUND = failure(404, 7003, "no route")
WITHOUT_A_CODE = failure(400, None, "something else")
FAILURE_IN_A_200 = failure(200, None, "no data")

# What each path cannot be asked without.
_NEEDED = {
    "/radar/origins/summary/PERCENTILE": {"origin", "metric", "region"},
    "/radar/origins/summary/REGION": {"origin", "metric"},
    "/radar/quality/iqi/summary": {"metric"},
}


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
        if not _NEEDED.get(request.path, set()) <= request.params.keys():
            return INVALID
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
