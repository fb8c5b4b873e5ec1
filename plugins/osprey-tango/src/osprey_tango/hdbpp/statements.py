"""The SQL: nothing but placeholders and quoted names goes into it."""

from __future__ import annotations

from typing import Final

from psycopg import sql

# The last four parts of a stored name; its first part is the control system, which may be missing.
_ATTRIBUTE: Final = sql.SQL("lower(substring(c.att_name from '[^/]+/[^/]+/[^/]+/[^/]+$'))")

# An attribute may be archived under several control systems; the name as it was asked decides, or it must be alone.
FIND: Final = sql.SQL("""
SELECT c.att_conf_id, c.att_name, c.table_name, t.type, f.format, w.write
FROM {schema}.att_conf AS c
JOIN {schema}.att_conf_type AS t USING (att_conf_type_id)
JOIN {schema}.att_conf_format AS f USING (att_conf_format_id)
JOIN {schema}.att_conf_write AS w USING (att_conf_write_id)
WHERE {attribute} = %(attribute)s
  AND (%(host)s::text IS NULL OR lower(c.cs_name) = %(host)s OR lower(split_part(c.att_name, '/', 3)) = %(host)s)
ORDER BY c.att_conf_id
""")

PARAMETERS: Final = sql.SQL("""
SELECT to_jsonb(p) FROM {schema}.att_parameter AS p
WHERE p.att_conf_id = %(id)s ORDER BY p.recv_time DESC LIMIT 1
""")

STATUS: Final = sql.SQL("""
SELECT e.event FROM {schema}.att_history AS h JOIN {schema}.att_history_event AS e USING (att_history_event_id)
WHERE h.att_conf_id = %(id)s ORDER BY h.event_time DESC LIMIT 1
""")

ENDS: Final = sql.SQL("""
SELECT (SELECT data_time FROM {table} WHERE att_conf_id = %(id)s ORDER BY data_time ASC LIMIT 1),
       (SELECT data_time FROM {table} WHERE att_conf_id = %(id)s ORDER BY data_time DESC LIMIT 1)
""")

# It stops counting one above the budget: that one says that there are too many.
COUNT: Final = sql.SQL("""
SELECT count(*) FROM (
  SELECT FROM {table} WHERE att_conf_id = %(id)s AND data_time >= %(start)s AND data_time < %(end)s LIMIT %(most)s
) AS samples
""")

SAMPLES: Final = sql.SQL("""
SELECT data_time, {value}, {severity}
FROM {table}
WHERE att_conf_id = %(id)s AND data_time >= %(start)s AND data_time < %(end)s
ORDER BY data_time LIMIT %(most)s
""")

BEFORE: Final = sql.SQL("""
SELECT data_time, {value}, {severity}
FROM {table}
WHERE att_conf_id = %(id)s AND data_time < %(start)s
ORDER BY data_time DESC LIMIT 1
""")

# Quality: 0 valid, 1 invalid, 2 alarm, 3 changing, 4 warning. The number is that of the severities: 0 to 3. What is
# invalid, or no number, has no part in a mean; of a bin that has nothing else, the mean is null.
_SEVERITY: Final = sql.SQL("""CASE WHEN att_error_desc_id IS NOT NULL THEN 3 ELSE
  CASE coalesce(quality, 1) WHEN 0 THEN 0 WHEN 3 THEN 0 WHEN 4 THEN 1 WHEN 2 THEN 2 ELSE 3 END END""")

MEANS: Final = sql.SQL("""
SELECT bin, avg(number) FILTER (WHERE severity < 3 AND number NOT IN ('NaN', 'Infinity', '-Infinity')), max(severity)
FROM (SELECT date_bin(%(width)s, data_time, %(start)s) AS bin, ({value})::float8 AS number, {severity} AS severity
      FROM {table} WHERE att_conf_id = %(id)s AND data_time >= %(start)s AND data_time < %(end)s) AS samples
GROUP BY bin ORDER BY bin
""")

LASTS: Final = sql.SQL("""
SELECT DISTINCT ON (bin) data_time, value, max(severity) OVER (PARTITION BY bin)
FROM (SELECT date_bin(%(width)s, data_time, %(start)s) AS bin, data_time, {value} AS value, {severity} AS severity
      FROM {table} WHERE att_conf_id = %(id)s AND data_time >= %(start)s AND data_time < %(end)s) AS samples
ORDER BY bin, data_time DESC
""")

SEARCH: Final = sql.SQL("""
SELECT DISTINCT {attribute} AS attribute
FROM {schema}.att_conf AS c
WHERE NOT coalesce(c.hide, false) AND {attribute} LIKE %(pattern)s ESCAPE '!'
ORDER BY attribute LIMIT %(limit)s
""")


def over(statement: sql.SQL, *, schema: str, table: str = "", value: str = "value_r") -> sql.Composed:
    """Fill in the names of schema, table and column."""
    parts: dict[str, sql.Composable] = {"schema": sql.Identifier(schema), "attribute": _ATTRIBUTE}
    if table:
        parts |= {"table": sql.Identifier(schema, table), "value": sql.Identifier(value), "severity": _SEVERITY}
    return statement.format(**parts)


def like_pattern(glob: str) -> str:
    """Write a glob (``*``, ``?``) as a pattern of LIKE."""
    escaped = "".join(f"!{letter}" if letter in "!%_" else letter for letter in glob.lower())
    return escaped.replace("*", "%").replace("?", "_") or "%"
