"""Makes the targets of `control_system`: the declared ones, the one that `type` means, or the ring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from osprey.config.closest import did_you_mean
from osprey.config.layout import ControlSystemLayout, TargetLayout, given
from osprey.config.nodes import Path_, Table, find, is_empty, merge
from osprey.config.problems import Mark, Problem
from osprey.config.schema import ControlSystemConfig, LimitsConfig, Posture, TargetConfig, Unlisted
from osprey.config.section import Section

RING: Final = "ring"
_SIMULATOR: Final = "sim"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@frozen(kw_only=True)
class TargetMaker:
    """What the file says about control systems and archivers, and where problems and notes go."""

    root: Path
    layout: ControlSystemLayout
    document: Table
    archiver_type: str | None
    archivers: Mapping[str, Table]
    problems: list[Problem] = field(factory=list[Problem])
    notes: list[str] = field(factory=list[str])

    def make(self) -> ControlSystemConfig:
        """Give the targets and the default one; what contradicts itself is added to `problems`."""
        layout = self.layout
        if layout.targets:
            targets = {name: self._declared(name, target) for name, target in layout.targets.items()}
        elif layout.type is not None:
            targets = {layout.type: self._of_type(layout.type)}
        else:
            targets = {RING: self._ring()}
        self._note_master_switch()
        return ControlSystemConfig(
            default_target=self._default(targets), targets=targets, **given(layout, "guard", "guard_users")
        )

    def _declared(self, name: str, layout: TargetLayout) -> TargetConfig:
        path = ("control_system", "targets", name)
        if not _NAME.fullmatch(name):
            self._problem(path, "a target's name is letters, digits, '.', '_' and '-', and begins with no sign")
        if layout.posture in (None, Posture.READ_ONLY) and layout.writes_enabled:
            key = (*path, "writes_enabled")
            self.notes.append(
                f"{'.'.join(key)} (line {self._line(key)}) has no effect, because the target's posture is "
                "read_only: set posture: approval"
            )
        target = TargetConfig(
            name=name,
            connector=layout.connector,
            limits=evolve(layout.limits, file=absolute(self.root, layout.limits.file)),
            channels=absolute(self.root, layout.channels),
            **given(layout, "posture", "read_timeout_s", "write_timeout_s"),
            # The switch above all targets can only take writes away from one.
            writes_enabled=bool(layout.writes_enabled) and self.layout.writes_enabled is not False,
        )
        return self._with_settings(target, layout.settings, layout.archiver, layout.archiver_settings)

    def _of_type(self, name: str) -> TargetConfig:
        writes = bool(self.layout.writes_enabled)
        target = TargetConfig(
            name=name,
            connector=name,
            posture=Posture.APPROVAL if writes else Posture.READ_ONLY,
            writes_enabled=writes,
        )
        return self._with_settings(target, None, None, None)

    def _ring(self) -> TargetConfig:
        target = TargetConfig(
            name=RING,
            connector=_SIMULATOR,
            posture=Posture.SIMULATION,
            writes_enabled=self.layout.writes_enabled is not False,
            limits=LimitsConfig(unlisted=Unlisted.NATIVE_ONLY),
        )
        archiver = None if self.archiver_type else _SIMULATOR
        return self._with_settings(target, None, archiver, None)

    def _with_settings(
        self, target: TargetConfig, own: Section | None, archiver: str | None, own_archiver: Section | None
    ) -> TargetConfig:
        """Lay the target's own settings on the section of its connector, and likewise its archiver's."""
        path = ("control_system", "targets", target.name)
        stated = find(self.document, (*path, "archiver"))
        has_none = stated is not None and is_empty(stated.node)
        chosen = None if has_none else archiver or self.archiver_type
        connector = self.layout.connector.get(target.connector)
        return evolve(
            target,
            limits=self._limits(target.limits, path),
            settings=_laid(None if connector is None else connector.node, own, (*path, "settings")),
            archiver=chosen,
            archiver_settings=_laid(self.archivers.get(chosen or ""), own_archiver, (*path, "archiver_settings")),
        )

    def _limits(self, limits: LimitsConfig, path: Path_) -> LimitsConfig:
        """Give a target that states no limits those of the older section for all."""
        older = self.layout.limits_checking
        if older is None or find(self.document, (*path, "limits")) is not None:
            return limits
        unlisted = {None: limits.unlisted, True: Unlisted.NATIVE_ONLY, False: Unlisted.REFUSE}
        return LimitsConfig(
            file=absolute(self.root, older.database_path), unlisted=unlisted[older.allow_unlisted_channels]
        )

    def _default(self, targets: Mapping[str, TargetConfig]) -> str:
        layout = self.layout
        if layout.type is not None and layout.targets:
            self._check_type(layout.type, targets)
        chosen = layout.default_target or layout.type
        if chosen is None:
            chosen = next(iter(targets))
            if len(targets) > 1:
                names = ", ".join(targets)
                self._problem(
                    ("control_system",),
                    f"several targets and no default: set default_target to one of {names}",
                )
        elif chosen not in targets and (layout.default_target is not None or not layout.targets):
            hint = did_you_mean(chosen, targets) or f"there are: {', '.join(targets)}"
            self._problem(("control_system", "default_target"), f"no target is named {chosen!r}; {hint}")
        return chosen

    def _check_type(self, declared: str, targets: Mapping[str, TargetConfig]) -> None:
        """Accept `type` beside `targets` only where both mean the same default target."""
        same = targets.get(declared)
        agrees = same is not None and same.connector == declared
        if agrees and self.layout.default_target in (None, declared):
            return
        lines = [self._line(("control_system", name)) for name in ("type", "targets")]
        self._problem(
            ("control_system", "type"),
            f"'type: {declared}' (line {lines[0]}) and 'targets' (line {lines[1]}) mean different things: "
            f"remove 'type', and set default_target to one of {', '.join(targets)}",
        )

    def _note_master_switch(self) -> None:
        if not self.layout.targets or self.layout.writes_enabled is None:
            return
        silent = [name for name, target in self.layout.targets.items() if target.writes_enabled is None]
        told = [name for name, target in self.layout.targets.items() if target.writes_enabled]
        line = self._line(("control_system", "writes_enabled"))
        if self.layout.writes_enabled and silent:
            self.notes.append(
                f"control_system.writes_enabled (line {line}) enables no target by itself: "
                f"set writes_enabled in {', '.join(silent)}"
            )
        elif not self.layout.writes_enabled and told:
            who = ", ".join(told)
            self.notes.append(f"control_system.writes_enabled (line {line}) is false: no writes for {who}")

    def _mark(self, path: Path_) -> Mark | None:
        entry = find(self.document, path)
        return None if entry is None else entry.key_mark

    def _line(self, path: Path_) -> int:
        mark = self._mark(path)
        return 0 if mark is None else mark.line

    def _problem(self, path: Path_, message: str) -> None:
        self.problems.append(Problem(message=message, path=".".join(path), mark=self._mark(path)))


def absolute(root: Path, path: Path | None) -> Path | None:
    """Give `path` as seen from the project's folder, `~` meaning the user's home."""
    if path is None:
        return None
    try:
        return root / path.expanduser()
    except RuntimeError:  # no such user, or a user without a home: then `~` is a name like any other
        return root / path


def _laid(under: Table | None, own: Section | None, path: Path_) -> Section:
    if under is None or own is None:
        node = under if own is None else own.node
        return Section(path=path) if node is None else Section(node, path)
    return Section(merge(under, own.node), path)
