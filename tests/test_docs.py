"""The documents keep true: commands that parse, settings that exist, links that lead somewhere."""

import re
import shlex
import tomllib
from itertools import chain

import pytest
from streamlit import config as streamlit_config

from spectra import cli
from spectra.setting_values import ROOT
from spectra.settings import SETTINGS
from tests.benchmarks import cases

DOCUMENTS = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").glob("*.md")))
TEXTS = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def _commands() -> list[str]:
    """Every ``python -m spectra …`` of the documents, in blocks and in sentences."""
    blocks = [text for content in TEXTS.values() for _, text in BLOCK.findall(content)]
    lines = chain.from_iterable(text.replace("\\\n", " ").splitlines() for text in blocks)
    inline = chain.from_iterable(
        re.findall(r"`(python -m spectra [^`]+)`", text) for text in TEXTS.values()
    )
    found = {line.strip() for line in chain(lines, inline)}
    return sorted(line for line in found if line.startswith("python -m spectra "))


@pytest.mark.parametrize("command", _commands())
def test_a_documented_command_is_understood(command):
    cli.parser().parse_args(shlex.split(command)[3:])


def test_the_documents_name_every_command():
    documented = {command.split()[3] for command in _commands()}
    actions = cli.parser()._subparsers._group_actions[0]
    assert documented == set(actions.choices)


def test_the_benchmarks_that_are_named_exist():
    named = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"(?:python -m tests\.benchmarks |`(?=accuracy_))([a-z_]+)", text)
    }
    assert {"accuracy", "accuracy_zones", "anomalies", "browser"} <= named <= set(cases.GROUPS)


def test_the_options_of_streamlit_that_are_named_exist():
    named = {
        option
        for text in TEXTS.values()
        for options in re.findall(r"streamlit run [\w.]+((?: --[\w.]+ \w+)+)", text)
        for option in re.findall(r"--([\w.]+)", options)
    }
    assert "server.fileWatcherType" in named
    assert named <= set(streamlit_config.get_config_options())


@pytest.mark.parametrize("requirements", ["requirements.txt", "requirements-dev.txt"])
def test_the_two_commands_of_a_fresh_machine(requirements):
    then = {
        "requirements.txt": ".venv/bin/streamlit run Home.py",
        "requirements-dev.txt": ".venv/bin/python -m pytest",
    }[requirements]
    command = f"python -m venv .venv && .venv/bin/pip install -r {requirements} && {then}"
    assert command in TEXTS[ROOT / "README.md"].splitlines()


def test_the_secrets_of_the_readme_are_settings():
    (secrets,) = [
        tomllib.loads(re.sub("^ +", "", text, flags=re.MULTILINE))
        for language, text in BLOCK.findall(TEXTS[ROOT / "README.md"])
        if language == "toml"
    ]
    assert set(secrets["spectra"]) <= {setting.name for setting in SETTINGS}


def test_every_variable_that_is_named_exists():
    known = {setting.variable for setting in SETTINGS}
    for path, text in TEXTS.items():
        assert set(re.findall(r"SPECTRA_[A-Z_]+[A-Z]", text)) <= known, path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", TEXTS[path]):
        assert (path.parent / target).exists(), target
