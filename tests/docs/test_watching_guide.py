"""The guide on watching: its configurations load as one, and a record looks as it is shown."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

from tests.docs.generate import REFERENCE

from osprey.config import load_config
from osprey.logs import logging_in, turn_noted

GUIDE = (REFERENCE.parent / "how-to/watch-what-the-agent-does.md").read_text(encoding="utf-8")
CONFIG = "".join(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL))


def test_the_configuration_of_the_guide_loads_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    config = load_config(tmp_path, environ={"COLLECTOR_KEY": "key of the collector"})
    assert (config.notes, config.unserved) == ((), ())
    assert config.telemetry.headers == {"X-Api-Key": "key of the collector"}


def test_a_record_has_the_fields_of_the_guide_in_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    with logging_in(tmp_path, environ={}), turn_noted("t", "t.1"):
        logging.getLogger("osprey.telemetry.exporting").warning("...")
    written = json.loads((tmp_path / "osprey.log").read_text(encoding="utf-8"))
    assert list(written) == list(json.loads(shown))
