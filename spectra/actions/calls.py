"""One AWS call as data: as boto3 makes it, as the AWS CLI writes it, and what is waited for."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spectra.errors import InputError

_RESULT = "$result"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# A mark that no argument has, to find the places of results in quoted text again.
_OPEN, _CLOSE = "\x02", "\x03"
# A result is a whole JSON string. A name that spells the escaped mark has its backslash doubled
# there, so that no tag can pass for a result and get out of the quotes.
_MARKED = re.compile(r'(")\\u0002(\w+)\\u0003(")')


@dataclass(frozen=True, slots=True)
class Result:
    """Stands in an argument for what an earlier call answers, such as the ID of its snapshot."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call that changes something.

    Attributes
    ----------
    operation : str
        As boto3 names it, such as ``stop_instances``.
    arguments : mapping
        As boto3 takes them; a `Result` may stand for a value.
    gives : str
        Name under which later calls find its result; empty when none needs it.
    result_path : str
        Where the result stands in the answer, such as ``SnapshotId`` or
        ``Instances.0.InstanceId``.
    has_dry_run : bool
        Whether AWS can be asked if it would be allowed.
    """

    operation: str
    arguments: Mapping[str, Any]
    region: str
    service: str = "ec2"
    gives: str = ""
    result_path: str = ""
    has_dry_run: bool = True

    @property
    def action(self) -> str:
        """The IAM permission it needs, such as ``ec2:StopInstances``."""
        return f"{self.service}:{''.join(w.capitalize() for w in self.operation.split('_'))}"

    def as_boto3(self) -> str:
        """The call as a line of Python."""
        given = ", ".join(f"{name}={_python(value)}" for name, value in self.arguments.items())
        return f"{self.service}.{self.operation}({given})  # {self.region}"

    def as_cli(self) -> str:
        """The call as a line for bash; it keeps its result in a variable where it gives one."""
        words = ["aws", self.service, self.operation.replace("_", "-"), "--region", self.region]
        line = " ".join([*map(shlex.quote, words), *_options(self.arguments)])
        if not self.gives:
            return f"{line} --output json"
        query = re.sub(r"\.(\d+)", r"[\1]", self.result_path)
        return f"{self.gives}=$({line} --query {shlex.quote(query)} --output text)"

    def resolved(self, results: Mapping[str, str]) -> dict[str, Any]:
        """The arguments with every `Result` replaced by what was answered."""
        return {name: _resolved(value, results) for name, value in self.arguments.items()}

    def result_of(self, answer: Mapping[str, Any]) -> str | None:
        """What later calls need of an answer; None when they need nothing of it.

        Raises
        ------
        InputError
            If the answer lacks it.
        """
        if not self.gives:
            return None
        found: Any = answer
        try:
            for part in self.result_path.split("."):
                found = found[int(part) if part.isdecimal() else part]
        except (KeyError, IndexError, TypeError):
            raise InputError(
                f"The answer to {self.action} has no {self.result_path}.",
                next_step="Look in the AWS console whether it happened.",
            ) from None
        return str(found)

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "arguments": _plain(self.arguments)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Call:
        """Read what `as_dict` wrote."""
        return cls(**{**data, "arguments": _live(data["arguments"])})


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for after a call, by one of boto3's waiters.

    Attributes
    ----------
    minutes : int
        How long at the most; AWS is asked every 15 seconds [min].
    """

    waiter: str
    arguments: Mapping[str, Any]
    region: str
    minutes: int = 10
    service: str = field(default="ec2")

    def as_cli(self) -> str:
        """The wait as a line for bash; ``wait_for`` is a function of the script."""
        words = [self.service, self.waiter.replace("_", "-"), "--region", self.region]
        rounds = str(max(1, -(-self.minutes // 10)))
        return " ".join(["wait_for", rounds, *map(shlex.quote, words), *_options(self.arguments)])

    def resolved(self, results: Mapping[str, str]) -> dict[str, Any]:
        """The arguments with every `Result` replaced by what was answered."""
        return {name: _resolved(value, results) for name, value in self.arguments.items()}

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "arguments": _plain(self.arguments)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Wait:
        """Read what `as_dict` wrote."""
        return cls(**{**data, "arguments": _live(data["arguments"])})


def tagged(resource: str, tags: dict[str, str]) -> dict[str, Any]:
    """Tags of something new; AWS keeps the prefix of its own for itself."""
    listed = [{"Key": k, "Value": v} for k, v in tags.items() if not k.startswith("aws:")]
    return {"ResourceType": resource, "Tags": listed}


def _options(arguments: Mapping[str, Any]) -> list[str]:
    """Arguments as the AWS CLI takes them: its option names are those of the API in kebab case."""
    words = []
    for name, value in arguments.items():
        if name == "MinCount":
            continue  # the CLI has one option for both counts
        option = "count" if name == "MaxCount" else _WORD.sub("-", name).lower()
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
            words += [f"--{option}", *map(_shell, value)]
        else:
            words += [f"--{option}", _shell(value)]
    return words


def _shell(value: Any) -> str:
    """One word for bash; results become variables, outside of the single quotes."""
    if isinstance(value, Result):
        return f'"${{{value.name}}}"'
    if isinstance(value, str):
        return shlex.quote(value)
    return _MARKED.sub(r"""\1'"${\2}"'\3""", shlex.quote(json.dumps(_marked(value))))


def _marked(value: Any) -> Any:
    if isinstance(value, Result):
        return f"{_OPEN}{value.name}{_CLOSE}"
    if isinstance(value, str):  # a tag must not pass for a result: it would name a variable
        return value.replace(_OPEN, "").replace(_CLOSE, "")
    if isinstance(value, Mapping):
        return {key: _marked(part) for key, part in value.items()}
    return [_marked(part) for part in value] if isinstance(value, list) else value


def _python(value: Any) -> str:
    if isinstance(value, Result):
        return value.name
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_python(part)}" for key, part in value.items()) + "}"
    return f"[{', '.join(map(_python, value))}]" if isinstance(value, list) else repr(value)


def _resolved(value: Any, results: Mapping[str, str]) -> Any:
    if isinstance(value, Result):
        if value.name not in results:
            raise InputError(
                f"The plan needs “{value.name}”, which no earlier step has given.",
                next_step="Make a new plan.",
            )
        return results[value.name]
    if isinstance(value, Mapping):
        return {key: _resolved(part, results) for key, part in value.items()}
    return [_resolved(part, results) for part in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Result):
        return {_RESULT: value.name}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _live(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_RESULT}:
            return Result(value[_RESULT])
        return {key: _live(part) for key, part in value.items()}
    return [_live(part) for part in value] if isinstance(value, list) else value
