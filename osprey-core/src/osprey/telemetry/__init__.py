"""Traces for others: the spans of a turn as OTLP, and their way to a collector of OpenTelemetry.

`otlp_document` makes a document of spans and needs nothing; `export_spans` sends them, if the configuration names a
collector, and needs the extra `otel`. It never fails, holds up or changes a turn. Variables such as
``OTEL_EXPORTER_OTLP_ENDPOINT`` are not read: what leaves this host stands in `config.yml` alone.
"""

from osprey.telemetry.document import TurnSpans, otlp_document
from osprey.telemetry.exporting import export_spans
from osprey.telemetry.wire import EXTRA_REMEDY, lacks_extra

__all__ = ["EXTRA_REMEDY", "TurnSpans", "export_spans", "lacks_extra", "otlp_document"]
