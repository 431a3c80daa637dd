"""A store as MotherDuck gives it: a database that is attached, and that others have open too."""

import duckdb

from spectra.store import Store


class AttachedStore(Store):
    """Its tables live in an attached database, as those of ``md:`` do, and not in the first one."""

    def _open(self, config):
        connection = duckdb.connect(":memory:", config=config)
        connection.execute(f"ATTACH '{self.path}' AS fleet")
        connection.execute("USE fleet")
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def cursor(self):
        cursor = super().cursor()
        cursor.execute("USE fleet")
        return cursor


class SharedStore(Store):
    """One of several openings of the same database."""

    is_shared = True
