"""Past values: what an answer covers, its columns as plain lists with gaps, and a view for pandas."""

from osprey.control.archive.columns import Columns, columns_of
from osprey.control.archive.coverage import describe_coverage
from osprey.control.archive.frame import to_frame

__all__ = ["Columns", "columns_of", "describe_coverage", "to_frame"]
