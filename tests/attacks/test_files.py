"""Files that are huge, broken or bombs: one clear error each, in bounded memory and time."""

import gzip
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.budget_csv import COLUMNS, read_budgets
from spectra.errors import InputError
from spectra.portal_import import import_files, import_folder
from spectra.reporting.carbon_import import import_carbon_export
from spectra.reporting.faces.logo import checked_logo
from spectra.sources.carbon_export import read_carbon_export
from spectra.sources.electricity_maps_csv import read_portal_file
from spectra.store import Store
from tests.attacks.texts import TEXTS
from tests.sources.portal_rows import HEADER_C, row
from tests.sources.test_carbon_export import HEADER, line
from tests.store.conftest import CATALOG

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CORPUS = Path(__file__).parent / "corpus"
MEMORY = 400 * 1024**2
BUDGETS = ",".join(COLUMNS)
MB = 1024**2


def chunk(kind, content):
    return (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )  # fmt: skip


def png(width, height, *more):
    """A PNG whose pixels are all of one row, however many it says it has."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *more,
         chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)), chunk(b"IEND", b"")]
    )  # fmt: skip


def parquet(rows):
    table = pa.table({n: pa.array(["x"] * rows) for n in ("usage_account_id", "model_version")})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def zipped(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return file.getvalue()


PACKED_TEXT = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20 * MB)))

# Reader and content, made in the process that reads them; all of them are refused.
BOMBS = {
    "portal: rows of nothing": ("portal", lambda: f"{HEADER_C}\n".encode() + b",\n" * 12 * MB),
    "portal: a row without end": ("portal", lambda: HEADER_C.encode() + b"\n" + b"," * 30 * MB),
    "portal: a header without end": ("portal", lambda: b"a," * 15 * MB),
    "portal: a cell of 10 MB": ("portal", f"{HEADER_C}\nx{'9' * 10 * MB}".encode),
    "portal: an open quote": ("portal", lambda: f'{HEADER_C}\n"'.encode() + b"a\n" * 10 * MB),
    "portal: zip": ("portal", lambda: zipped("a.csv", b"0" * 20 * MB)),
    "portal: gzip": ("portal", lambda: gzip.compress(b"0" * 20 * MB)),
    "portal: UTF-16 of nothing": ("portal", lambda: b"\xff\xfe" + b"\0\0" * 10 * MB),
    "export: gzip": ("export", lambda: gzip.compress(b"0" * 300 * MB, 1)),
    "export: gzip of gzip": ("export", lambda: gzip.compress(gzip.compress(b"0" * 99 * MB, 1), 1)),
    "export: cut gzip": ("export", lambda: gzip.compress(HEADER.encode() * 99)[:-9]),
    "export: rows of nothing": ("export", lambda: f"{HEADER}\n".encode() + b",\n" * 20 * MB),
    "export: columns": ("export", lambda: b",".join(b"c%d" % k for k in range(100_000)) + b"\n1"),
    "export: a cell of 10 MB": ("export", f"{HEADER}\n{'9' * 10 * MB}".encode),
    "export: an open quote": ("export", lambda: f'{HEADER}\n"'.encode() + b"a\n" * 10 * MB),
    "export: parquet": ("export", lambda: parquet(5_000_000)),
    "export: broken parquet": ("export", lambda: b"PAR1" + b"\xff" * 1_000 + b"PAR1"),
    "budgets: columns": ("budgets", lambda: f"{BUDGETS}\n".encode() + b"," * 9 * MB),
    "budgets: rows": ("budgets", lambda: f"{BUDGETS}\n".encode() + b"a\n" * 4 * MB),
    "budgets: an open quote": ("budgets", lambda: f'{BUDGETS}\n"'.encode() + b"a\n" * 4 * MB),
    "logo: pixels": ("logo", lambda: png(60_000, 60_000)),
    "logo: text": ("logo", lambda: png(9, 9, PACKED_TEXT)),
    "logo: cut": ("logo", lambda: png(9, 9)[:40]),
    "logo: SVG of 9 MB": ("logo", lambda: b"<svg>" + b"<g>" * 3 * MB),
}  # fmt: skip


def read_portal(content):
    file = read_portal_file(io.BytesIO(content), name="DE-2022-hourly.csv")
    if file.frame.empty:
        raise InputError("no row", next_step="another file")


READERS = {
    "portal": read_portal,
    "export": lambda content: read_carbon_export(content, NOW),
    "budgets": read_budgets,
    "logo": checked_logo,
}


def try_all():
    """What became of every bomb, in a process that may take no more memory than `MEMORY`."""
    for read in READERS.values():  # what is loaded at first use does not count
        with suppress(InputError):
            read(b"x")
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    became = {}
    for name, (reader, content) in BOMBS.items():
        start = time.process_time()
        try:
            READERS[reader](content())
            said = "taken"
        except InputError as error:
            said = "" if error.next_step and len(str(error)) < 500 else f"said badly: {error}"[:300]
        except BaseException as error:  # noqa: BLE001 (whatever it is, it is told)
            said = f"{type(error).__name__}: {error}"[:300]
        became[name] = said, time.process_time() - start
    print(json.dumps(became))


def test_every_bomb_is_refused_in_bounded_memory_and_time():
    done = subprocess.run(
        [sys.executable, "-c", "from tests.attacks.test_files import try_all; try_all()"],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    became = json.loads(done.stdout)
    assert {name: said for name, (said, _) in became.items() if said} == {}
    assert max(seconds for _, seconds in became.values()) < 10


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_no_file_of_the_corpus_raises_anything_else(path, read):
    try:
        read(path.read_bytes())
    except InputError as error:
        assert len(str(error)) < 500


CELL = st.sampled_from(
    [*TEXTS.values(), "1e309", "-1", "nan", "inf", "٣", "0001-01-01", "9999-12-31T23:59:59Z", "",
     "2026-09-01 00:00:00Z", "0x10", "1_000", "1,5", '"', "MTCO2e"]
) | st.text(max_size=9)  # fmt: skip


@given(st.lists(st.lists(CELL, min_size=1, max_size=14), min_size=1, max_size=4), st.booleans())
@settings(max_examples=80, deadline=None)
def test_hostile_cells_raise_nothing_else(rows, is_quoted):
    quote = (lambda c: '"' + c.replace('"', '""') + '"') if is_quoted else str
    body = "\n".join(",".join(map(quote, cells)) for cells in rows)
    for read, head in ((READERS["export"], HEADER), (read_budgets, BUDGETS)):
        try:
            read(f"{head}\n{body}".encode("utf-8", "replace"))
        except InputError as error:
            assert len(str(error)) < 1_000


NAMES = ("../../evil.csv", "/etc/passwd", "a\x00b.csv", "CON", "..", "", "x" * 300 + ".csv",
         "C:\\Windows\\win.ini", "\u202evsc.exe", "a\nb.csv", *TEXTS.values())  # fmt: skip


def test_a_name_is_only_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store()
    hours = [row(time=f"2022-03-05 {hour:02}:00:00") for hour in range(3)]
    content = "\n".join([HEADER_C, *hours]).encode()
    for name in NAMES:
        (report,) = import_files(store, CATALOG, [(name, io.BytesIO(content))])
        assert report.status in ("imported", "unchanged", "refused")
        assert import_carbon_export(store, name, f"{HEADER}\n{line()}".encode()) == 1
    assert store.row("SELECT count(*) FROM intensities")[0] == 3
    assert list(tmp_path.iterdir()) == []
    store.close()


def test_links_and_pipes_in_the_portal_folder_stop_nothing(tmp_path):
    folder = tmp_path / "portal"
    folder.mkdir()
    (tmp_path / "other.txt").write_text("no table")
    (folder / "a.csv").symlink_to(tmp_path / "other.txt")
    (folder / "b.csv").symlink_to(folder / "b.csv")
    (folder / "c.csv").mkdir()
    (folder / "e.csv").symlink_to("/dev/zero")
    os.mkfifo(folder / "d.csv")
    hours = [row(time=f"2022-03-05 {hour:02}:00:00") for hour in range(3)]
    (folder / "DE-2022-hourly.csv").write_text("\n".join([HEADER_C, *hours]))
    store = Store()
    reports = {r.name: r for r in import_folder(store, CATALOG, folder)}
    assert reports["DE-2022-hourly.csv"].status == "imported"
    assert {name: r.status for name, r in reports.items() if name != "DE-2022-hourly.csv"} == {
        "a.csv": "refused"
    }
    store.close()
