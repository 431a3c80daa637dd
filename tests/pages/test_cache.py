"""Cached queries: a result belongs to one store in one state."""

from dataclasses import dataclass

from spectra.store import Store
from spectra.ui.data import query


@dataclass
class Opened:
    store: Store
    is_private: bool = False


def team_count(store: Store) -> int:
    return store.row("SELECT count(*) FROM meta")[0]


def test_another_store_never_gets_this_one_s_result():
    counts = []
    for rows in (1, 2, 3):
        store = Store()
        with store.write() as cursor:
            for row in range(rows):
                cursor.execute("INSERT INTO meta VALUES (?, '')", [str(row)])
        counts.append(query(team_count, Opened(store)))
        store.close()
    assert counts == [1, 2, 3]


def test_a_write_ends_what_was_read_before():
    store = Store()
    assert query(team_count, Opened(store)) == 0
    with store.write() as cursor:
        cursor.execute("INSERT INTO meta VALUES ('a', '')")
    assert query(team_count, Opened(store)) == 1
    store.close()
