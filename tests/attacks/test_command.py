"""The command line given odd files and names: one clear error each, and nothing is overwritten."""

import pytest

from spectra.cli import _print_table, main
from spectra.cli_common import say
from tests.attacks.texts import TEXTS

DRAFT = ("report", "--period", "2026-10")


@pytest.fixture
def run(hostile, monkeypatch, capsys):
    monkeypatch.setenv("SPECTRA_DEMO", "off")

    def call(*arguments):
        status = main(arguments)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return call


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "R0001'; DROP TABLE reports; --", "%", "", "R0001\x00", "*"]
)
def test_a_report_is_found_by_its_own_name_alone(run, tmp_path, name):
    out = tmp_path / "out.json"
    status, said, _ = run("reports", "--get", name, "--out", str(out))
    assert (status, out.exists()) == ((1, False) if name else (0, False))
    assert "root:" not in said
    status, listed, _ = run("reports")
    assert status == 0
    assert "R0001" in listed


def test_a_report_is_written_over_no_database(run, hostile, tmp_path):
    link = tmp_path / "report.json"
    link.symlink_to(hostile)
    for out in (hostile, link):
        for wanted in (DRAFT, (*DRAFT, "--final"), ("reports", "--get", "R0001")):
            status, _, error = run(*wanted, "--out", str(out))
            assert status == 1, wanted
            assert "own database" in error, wanted
    status, listed, _ = run("reports")
    assert status == 0
    assert "R0001" in listed
    assert "R0002" not in listed  # nor was one sealed


def test_a_place_that_cannot_be_written_is_named_without_its_folder(run, tmp_path):
    for out in (tmp_path, tmp_path / "nowhere" / "r.json"):
        status, _, error = run(*DRAFT, "--out", str(out))
        assert status == 1
        assert f"“{out.name}” cannot be written" in error
        assert str(tmp_path.parent) not in error


def test_a_file_that_is_no_logo_or_no_export_is_refused_unread(run, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("root:x:0:0")
    for option in ("--logo", "--carbon-export"):
        out = tmp_path / "r.json"
        status, said, error = run(*DRAFT, option, str(secret), "--out", str(out))
        assert status == 1, option
        assert "root:x" not in said + error, option
        assert not out.exists(), option


@pytest.mark.parametrize(
    "text", [*TEXTS.values(), "a\x1b]0;b\x07\x9b2J", "caf\udce9.csv", "a\r\nb"]
)
def test_no_name_commands_the_terminal(capsys, text):
    say(text)
    say(text, is_error=True)
    _print_table([("where", "detail"), (text, text)])
    printed, told = capsys.readouterr()
    lines = printed.split("\n")
    assert len(lines) == 4
    assert told.split("\n") == [lines[0], ""]
    seen = set(printed) - {"\n"}
    assert not [c for c in seen if ord(c) < 32 or 127 <= ord(c) < 160]
    assert not seen & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\udce9")
