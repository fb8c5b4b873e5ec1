"""Statements put into words once."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, create_engine, insert, select, update

from osprey.storage.prepared import Prepared

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text))


def test_a_statement_runs_again_with_other_values() -> None:
    add = Prepared(insert(THINGS))
    of_name = Prepared(select(THINGS).where(THINGS.c.name == bindparam("wanted")))
    others = Prepared(
        select(THINGS.c.id).where(THINGS.c.name != "a", THINGS.c.name != "c", THINGS.c.id > bindparam("over"))
    )
    rename = Prepared(update(THINGS).where(THINGS.c.id == bindparam("of_id")).values(name=bindparam("to"), id=7))
    with create_engine("sqlite://").begin() as connection:
        THINGS.create(connection)
        for number, name in enumerate(["a", "b'; --", "c"]):
            assert add.execute(connection, id=number, name=name).rowcount == 1
        assert of_name.execute(connection, wanted="b'; --").mappings().one() == {"id": 1, "name": "b'; --"}
        assert of_name.execute(connection, wanted="a").one().id == 0
        assert others.execute(connection, over=0).scalars().all() == [1]
        assert others.execute(connection, over=1).scalars().all() == []
        assert rename.execute(connection, of_id=1, to="d").rowcount == 1
        assert of_name.execute(connection, wanted="d").one().id == 7


def test_a_value_that_is_not_given_is_an_error() -> None:
    of_name = Prepared(select(THINGS).where(THINGS.c.name == bindparam("wanted")))
    with create_engine("sqlite://").begin() as connection:
        THINGS.create(connection)
        with pytest.raises(KeyError, match="wanted"):
            of_name.execute(connection, other="a")


def test_a_statement_whose_words_depend_on_its_values_is_refused() -> None:
    with create_engine("sqlite://").begin() as connection, pytest.raises(ValueError, match="cannot be prepared"):
        Prepared(select(THINGS).where(THINGS.c.id.in_([1, 2]))).execute(connection)


def test_its_first_row_has_the_names_of_the_columns() -> None:
    from_below = Prepared(select(THINGS).where(THINGS.c.id < bindparam("below")).order_by(THINGS.c.id))
    with create_engine("sqlite://").begin() as connection:
        THINGS.create(connection)
        Prepared(insert(THINGS)).execute(connection, id=1, name="a")
        Prepared(insert(THINGS)).execute(connection, id=2, name="b")
        assert from_below.first(connection, below=9) == {"id": 1, "name": "a"}
        assert from_below.first(connection, below=1) is None
        with pytest.raises(KeyError, match="below"):
            from_below.first(connection, above=1)
