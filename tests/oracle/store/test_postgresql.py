"""PostgreSQL by address: the schema compiles for it; with a server at PAYFLOW_TEST_POSTGRES the journal runs on it."""

import os

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from oracle.errors import StoreLocked
from oracle.store import BlockRef, Database, payments
from oracle.store.schema import metadata
from tests.oracle.store.test_journal import a_hash, a_payment


def test_schema__every_table_and_index__compiles_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.skipif("PAYFLOW_TEST_POSTGRES" not in os.environ, reason="no PostgreSQL server is named")
def test_journal__on_a_server__keeps_rewinds_and_locks() -> None:
    address = os.environ["PAYFLOW_TEST_POSTGRES"]
    with Database(address) as database:
        with pytest.raises(StoreLocked):
            Database(address)
        with database.writing() as connection:
            payments.add_blocks(connection, [BlockRef(n, a_hash(n), n) for n in range(1, 4)], keep=10)
            payments.add_scored(connection, [a_payment(1), a_payment(3)])
        with database.writing() as connection:
            payments.rewind(connection, 2)
        with database.reading() as connection:
            assert [row.block for row in payments.replay(connection)] == [1]
            assert payments.page(connection, status=None, stage=None, wallet=None, limit=5, before=(9, 0))
        with database.writing() as connection:
            payments.rewind(connection, 0)
