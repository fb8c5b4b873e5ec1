"""`framework` is the former name of `osprey`: the same modules, one warning."""

from __future__ import annotations

import subprocess
import sys


def _run(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::ImportWarning", *flags, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _assert_runs(code: str) -> None:
    done = _run(code, "-W", "ignore::DeprecationWarning")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_under_the_old_name_is_the_same_object() -> None:
    _assert_runs(
        "import framework.config.schema as old, framework.config\n"
        "import osprey.config.schema as new, osprey.config\n"
        "assert old is new and framework.config is osprey.config\n"
        "from framework.config import Posture, load_config\n"
        "assert Posture is new.Posture and load_config is osprey.config.load_config\n"
    )


def test_it_does_not_matter_which_name_comes_first() -> None:
    _assert_runs(
        "import osprey.config.secrets as new; import framework.config.secrets as old; assert old is new\n"
        "import framework.config.closest as old; import osprey.config.closest as new; assert old is new\n"
    )


def test_a_module_keeps_its_own_name_and_spec() -> None:
    _assert_runs(
        "import framework.config.secrets as m, importlib\n"
        "assert m.__name__ == m.__spec__.name == 'osprey.config.secrets' and m.__package__ == 'osprey.config'\n"
        "assert importlib.reload(m) is m\n"
    )


def test_names_and_submodules_come_from_osprey_on_first_use() -> None:
    _assert_runs(
        "import sys, framework\n"
        "assert 'osprey' not in sys.modules\n"
        "from framework import errors\n"
        "import osprey.errors; assert errors is osprey.errors\n"
        "assert framework.registrations is sys.modules['osprey.registrations']\n"
    )


def test_there_is_one_warning_however_much_is_imported() -> None:
    code = "import framework.config\nimport framework.errors\nfrom framework.config import schema\n"
    done = _run(code, "-W", "always::DeprecationWarning")
    assert done.returncode == 0
    assert done.stderr.count("'framework' is the former name of 'osprey': import osprey instead") == 1


def test_what_osprey_lacks_is_missing_under_the_name_that_was_asked_for() -> None:
    _assert_runs(
        "import framework\n"
        "for code in ('import framework.nothing', 'from framework import nothing', 'import framework.errors.x'):\n"
        "    try: exec(code)\n"
        "    except ImportError as exc: assert 'framework' in str(exc), exc\n"
        "    else: raise SystemExit(code)\n"
        "assert not hasattr(framework, 'nothing') and not hasattr(framework, '__wrapped__')\n"
    )
