"""AWS's many refusals as SPECTRA's one tree of errors, with the missing permission named."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidConfigError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from spectra.errors import (
    CredentialsError,
    MalformedError,
    NoDataError,
    NotEntitledError,
    RefusedError,
    SourceError,
    ThrottledError,
    UnreachableError,
)

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_BAD_KEYS = {
    "AuthFailure",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "MissingAuthenticationToken",
    "IncompleteSignature",
}
_DENIED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
_OPT_IN = {"OptInRequired", "OptInRequiredException"}
_NO_DATA = {
    "DataUnavailableException",
    "BillExpirationException",
    "ResourceNotFoundException",
    "BillingViewHealthStatusException",
}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "EC2ThrottledException",
    "SlowDown",
}
_NAMED_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")


# What was asked last, so that an answer that cannot be understood is told by its call.
_ASKED: ContextVar[str] = ContextVar("asked", default="a call")
_STAYS = "The last values stay, with their age, and it is asked again later."
# What reading an answer of another shape comes to.
_MISREAD = (KeyError, IndexError, TypeError, AttributeError, ValueError)
_FIELD = re.compile(r"[A-Z][A-Za-z]{1,40}")
T = TypeVar("T")


@contextmanager
def translated(action: str, region: str | None = None) -> Iterator[None]:
    """Turn whatever botocore raises inside into a SourceError.

    Parameters
    ----------
    action : str
        The permission that the call needs, such as ``ec2:DescribeInstances``.
    region : str, optional
        Where it is asked; named in the message.
    """
    _ASKED.set(f"{action} in {region}" if region else action)
    try:
        yield
    except ClientError as error:
        raise _from_answer(error, action, region) from None
    except (BotoCoreError, ResponseParserError, KeyError, TypeError, ValueError) as error:
        # The latter are what botocore's parsers make of an answer of another shape.
        raise _from_library(error, action, region) from None


def understood(read: Callable[[], T]) -> Callable[[], T]:
    """A reading of AWS of which an answer that lacks what AWS promises is told by its call.

    The call raises MalformedError where code of this package could not make sense of an answer;
    any other error is as it was.
    """

    def reading() -> T:
        try:
            return read()
        except _MISREAD as error:
            if not _is_ours(error):
                raise
            name = str(error.args[0]) if isinstance(error, KeyError) and error.args else ""
            is_field = _FIELD.fullmatch(name) is not None
            what = f"lacks {name}" if is_field else "is not what AWS promises"
            raise MalformedError(
                f"The answer of AWS to {_ASKED.get()} {what}; nothing of it was used.",
                next_step=_STAYS,
            ) from error

    return reading


def _is_ours(error: Exception) -> bool:
    """Whether it arose in this package, or in what that called outside of SPECTRA."""
    here = Path(__file__).parent
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    own = [file for file in files if file.is_relative_to(here.parents[1])]
    return bool(own) and own[-1].is_relative_to(here)


def _from_answer(  # noqa: PLR0911 (one line for each meaning)
    error: ClientError, action: str, region: str | None
) -> SourceError:
    answer = error.response.get("Error", {})
    code = answer.get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    place = f" in {region}" if region else ""
    if code in _EXPIRED:
        return CredentialsError(
            "The AWS session has expired.",
            next_step="Enter new keys in Settings, or sign in again; what was fetched stays.",
        )
    if code in _OPT_IN:
        return NotEntitledError(
            f"The AWS account has not opted in to the service behind {action}{place}.",
            next_step="Enrol in it in the AWS console; the rest works without it.",
        )
    if code in _BAD_KEYS:
        return CredentialsError(
            f"AWS does not accept the keys{place}.",
            next_step=f"If they work elsewhere, the region is not enabled for the account: "
            f"leave {region} out in Settings."
            if region
            else "Check the access key, its secret and the session token in Settings.",
        )
    if code in _DENIED or status == 403:
        found = _NAMED_ACTION.search(answer.get("Message") or "")
        missing = found.group(1) if found else action
        return NotEntitledError(
            f"AWS denies {missing}{place}.",
            next_step=f"Allow {missing} in the role's policy (Settings has one to copy); the rest "
            "works without it.",
            action=missing,
        )
    if code in _THROTTLED or status == 429:
        return ThrottledError(
            f"AWS throttles {action}{place}.", next_step="It is asked again later."
        )
    if code in _NO_DATA:
        return NoDataError(f"AWS has no data for {action}{place} ({code}).")
    if code.startswith("Insufficient"):
        # No room is a server error to EC2; it says why, and asking again does not help.
        return RefusedError(f"AWS has no room for {action}{place} ({code}).", code=code)
    if status >= 500:
        return UnreachableError(
            f"AWS fails at {action}{place} (HTTP {status}).", next_step="It is asked again later."
        )
    return RefusedError(f"AWS refuses {action}{place} ({code}).", code=code)


def _from_library(error: Exception, action: str, region: str | None) -> SourceError:
    place = f" in {region}" if region else ""
    kind = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return CredentialsError(
            "There are no AWS credentials.",
            next_step="Enter keys or a role in Settings, or configure a profile.",
        )
    if isinstance(error, ProfileNotFound):
        return CredentialsError(
            "The AWS profile does not exist.", next_step="Check SPECTRA_AWS_PROFILE."
        )
    if isinstance(error, CredentialRetrievalError | InvalidConfigError | ConfigParseError):
        return CredentialsError(
            f"What is configured for AWS gives no credentials ({kind}).",
            next_step="Check the profile (SPECTRA_AWS_PROFILE), its credential_process and "
            "source_profile; “aws sts get-caller-identity” says more.",
        )
    if isinstance(error, SSOError | TokenRetrievalError):
        return CredentialsError(
            "The AWS single sign-on session has expired.", next_step="Run “aws sso login” again."
        )
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError):
        return UnreachableError(
            f"AWS did not answer {action}{place} ({kind}).",
            next_step="Check the network; a region that is not enabled does not answer either.",
        )
    return MalformedError(
        f"The answer of AWS to {action}{place} cannot be read ({kind}).",
        next_step="Check the network and its proxy; the last values stay, with their age.",
    )
