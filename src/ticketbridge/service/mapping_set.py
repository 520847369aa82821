"""The mappings that are served together: read, compiled, and read again while they are served."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, MappingError, load_mapping
from ticketbridge.mapping.file_reader import FileReader
from ticketbridge.service.catalog import NoMappings, mapping_files
from ticketbridge.service.listening import is_loopback
from ticketbridge.service.settings import Settings, SettingsError
from ticketbridge.terminal import UsageError

_DEFAULT_PATH = "/tickets"


class PathTaken(UsageError):
    """Two mappings have the same path, or the same name."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedMapping:
    """A mapping that is served.

    *named* is the argument of the operator: *file*, or its folder. *digest* is the SHA-256 of *file*.
    """

    file: Path
    named: Path
    bridge: Bridge
    files: FileReader = field(repr=False)
    digest: str = ""

    @property
    def platform(self) -> str:
        """The name of its platform."""
        return self.bridge.spec.platform

    def path(self, *, is_alone: bool) -> str:
        """Return the path at which the mapping is served, alone or beside others."""
        default = _DEFAULT_PATH if is_alone else f"/{self.platform}{_DEFAULT_PATH}"
        return self.bridge.spec.endpoint.path or default


@dataclass(frozen=True, slots=True, eq=False)
class BrokenMapping:
    """A file, or an argument of the operator, that cannot be used now, and the reason.

    *is_served*: an earlier version of the file is still served.
    """

    file: Path
    error: Exception
    files: FileReader = field(default_factory=FileReader, repr=False)
    is_served: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether the file or folder is missing, or the folder has no mapping."""
        return not self.files.paths

    @property
    def codes(self) -> Sequence[str]:
        """The codes of its errors, if `check` would find them."""
        found = self.error.findings if isinstance(self.error, MappingError) else ()
        return list(dict.fromkeys(each.code for each in found if each.severity == "error"))


@dataclass(frozen=True, slots=True)
class KeptMapping:
    """What a process needs to serve a mapping in the version that another process read."""

    file: Path
    named: Path
    paths: Sequence[str]
    contents: Mapping[Path, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class MappingSet:
    """The mappings that are served together, by their paths, and those that cannot be served.

    A mapping may have more than one path: see `MappingLoader.load`.
    """

    paths: Mapping[str, LoadedMapping] = field(default_factory=dict)
    broken: Sequence[BrokenMapping] = ()

    @property
    def loaded(self) -> Sequence[LoadedMapping]:
        """The mappings, each once."""
        return list(dict.fromkeys(self.paths.values()))

    @property
    def _all(self) -> Sequence[LoadedMapping | BrokenMapping]:
        return [*self.loaded, *self.broken]

    @property
    def is_incomplete(self) -> bool:
        """Whether a mapping that should be served is not served at all."""
        return any(not each.is_served for each in self.broken)

    @property
    def names(self) -> Mapping[Path, str]:
        """The name of each file: the shortest end of its path that no other file has."""
        files = dict.fromkeys(each.file for each in self._all)
        counts = Counter(end for file in files for end in _ends(file))
        return {
            file: next((end for end in _ends(file) if counts[end] == 1), str(file))
            for file in files
        }

    @property
    def files(self) -> Mapping[str, bool]:
        """Whether each file, by its name of `names`, can be used now."""
        broken = {each.file for each in self.broken}
        return {name: file not in broken for file, name in self.names.items()}

    @property
    def contents(self) -> Sequence[bytes]:
        """The contents of all source files."""
        return [content for each in self._all for content in each.files.contents.values()]

    @property
    def folders(self) -> frozenset[Path]:
        """The folders of all source files, and the arguments of the operator."""
        found = {path.parent for each in self._all for path in each.files.paths}
        found |= {each.named for each in self.loaded}
        return frozenset(folder for folder in found if folder.is_dir())

    @property
    def paths_of_next_start(self) -> frozenset[str]:
        """The paths that a process which starts now would serve: it knows nothing of former ones."""
        files = {each.file for each in self.broken if not each.is_missing}
        files |= {each.file for each in self.loaded}
        loaded = {each.file: each for each in self.loaded}
        return frozenset(_paths(loaded, NOTHING, count=len(files)))

    def kept(self) -> Sequence[KeptMapping]:
        """Return what another process needs to serve the same mappings."""
        return [
            KeptMapping(each.file, each.named, self.paths_of(each), each.files.contents)
            for each in self.loaded
        ]

    def paths_of(self, mapping: LoadedMapping) -> Sequence[str]:
        """Return the paths of one of the mappings."""
        return [path for path, each in self.paths.items() if each is mapping]


def _ends(file: Path) -> Iterator[str]:
    """Yield the ends of the path of *file*, the shortest first: `p.yaml`, `folder/p.yaml`."""
    for number in reversed(range(len(file.parts))):
        yield Path(*file.parts[number:]).as_posix()


NOTHING = MappingSet()


def set_of(bridges: Sequence[Bridge]) -> MappingSet:
    """Return the set of *bridges* without files. Raises PathTaken."""
    files = [Path(bridge.spec.place.file) for bridge in bridges]
    loaded = {
        Path(str(number)): LoadedMapping(file, file, bridge, FileReader())
        for number, (file, bridge) in enumerate(zip(files, bridges, strict=True))
    }
    for _, error in _find_clashes(loaded, {}):
        raise error
    return MappingSet(_paths(loaded, NOTHING))


class MappingLoader:
    """Reads the mappings that *settings* name, with the variables of *environment*.

    *follow*, if given, wraps each compiled mapping, so that its calls can be followed.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        follow: Callable[[Bridge], Bridge] | None = None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._follow = follow

    def load(self, before: MappingSet = NOTHING) -> MappingSet:
        """Return the mappings as their files are now.

        Raises NoMappings if a name of the operator has no mapping, and the errors of the files if
        nothing is left. This happens only the first time.

        From *before* it keeps the mappings that did not change. Of a file that cannot be used now, it
        keeps the last good content. A mapping without an `endpoint.path` also keeps the paths that it
        had: another file that comes or goes takes no path away. Files with the same path or platform
        are left out, but one that was there before stays.
        """
        is_first = before is NOTHING
        files, missing = self._find_files()
        known = {each.file: each for each in before.loaded}
        if missing and is_first:
            raise missing[0].error
        broken = {each.file: each for each in missing}
        loaded = {each.file: each for each in known.values() if each.named in broken}
        for file, named in files.items():
            former = known.get(file)
            try:
                loaded[file] = self._load(file, named, former)
            except _Unusable as unusable:
                broken[file] = unusable.mapping
                if former is not None:
                    loaded[file] = former
        _leave_out_clashes(loaded, known, broken)
        if is_first and not loaded:
            raise _whole(list(broken.values()))
        return MappingSet(
            MappingProxyType(_paths(loaded, before, count=len({*files, *loaded}))),
            [_told(each, loaded) for each in broken.values()],
        )

    def restore(self, kept: Iterable[KeptMapping]) -> MappingSet:
        """Return what another process served, or NOTHING.

        Mappings that cannot be used any more are left out.
        """
        paths: dict[str, LoadedMapping] = {}
        for each in kept:
            try:
                mapping = self._compile(each.file, each.named, FileReader(each.contents))
            except _Unusable:
                continue
            paths |= dict.fromkeys(each.paths, mapping)
        return MappingSet(paths) if paths else NOTHING

    def is_current(self, known: MappingSet) -> bool:
        """Return whether the files of *known* are all the files there are, with the same content."""
        files, missing = self._find_files()
        gone = {each.file for each in missing}
        loaded = [each for each in known.loaded if each.file in files or each.named not in gone]
        expected = {each.file: each.files for each in loaded}
        expected |= {each.file: each.files for each in known.broken if not each.is_missing}
        if gone != {each.file for each in known.broken if each.is_missing}:
            return False
        return expected.keys() == files.keys() and all(
            reader.is_current() for reader in expected.values()
        )

    def misses(self, known: MappingSet) -> bool:
        """Return whether a mapping file of *known* is away."""
        files, _ = self._find_files()
        return any(each.file not in files for each in known.loaded)

    def _find_files(self) -> tuple[dict[Path, Path], Sequence[BrokenMapping]]:
        """Return the mapping files, each with its argument of the operator, and arguments without a file."""
        files: dict[Path, Path] = {}
        missing: list[BrokenMapping] = []
        for named in map(Path, self._settings.mappings):
            try:
                for file in mapping_files([named]):
                    files.setdefault(file, named)
            except (NoMappings, OSError) as error:
                missing.append(BrokenMapping(named, error))
        return files, missing

    def _load(self, file: Path, named: Path, former: LoadedMapping | None) -> LoadedMapping:
        if former is not None and former.files.is_current():
            return former
        return self._compile(file, named, FileReader())

    def _compile(self, file: Path, named: Path, files: FileReader) -> LoadedMapping:
        try:
            spec = load_mapping(file, environment=Environment(self._environment, files=files))
            bridge = compile_mapping(spec)
            bridge = bridge if self._follow is None else self._follow(bridge)
            require_guarded(bridge, self._settings)
        except Exception as error:
            # Whatever it is, a defect too, it stops no other mapping.
            raise _Unusable(BrokenMapping(file, error, files)) from error
        digest = hashlib.sha256(files.contents[file]).hexdigest()
        return LoadedMapping(file, named, bridge, files, digest)


class _Unusable(Exception):
    def __init__(self, mapping: BrokenMapping) -> None:
        super().__init__()
        self.mapping = mapping


def require_guarded(bridge: Bridge, settings: Settings) -> None:
    """Raise SettingsError if others could reach a mapping with `access: open`."""
    spec = bridge.spec
    if not spec.endpoint.access.is_open or settings.allow_open or is_loopback(settings.host):
        return
    raise SettingsError(
        f"`{spec.platform}` has `access: open`, and everybody who reaches {settings.host} could"
        " ask for anybody's tickets: give it a secret or an `allow` list, or listen on 127.0.0.1"
        " (or set TICKETBRIDGE_ALLOW_OPEN=1, where something in front lets nobody else through)"
    )


def _whole(broken: Sequence[BrokenMapping]) -> Exception:
    """Return the single error of a set in which nothing is left."""
    findings = [
        finding
        for each in broken
        if isinstance(each.error, MappingError)
        for finding in each.error.findings
    ]
    return MappingError(findings) if findings else broken[0].error


def _told(mapping: BrokenMapping, loaded: Mapping[Path, LoadedMapping]) -> BrokenMapping:
    """Return *mapping* with the note whether something of it is still served."""
    is_served = any(mapping.file in {each.file, each.named} for each in loaded.values())
    return BrokenMapping(mapping.file, mapping.error, mapping.files, is_served)


def _paths(
    loaded: Mapping[Path, LoadedMapping], before: MappingSet, count: int | None = None
) -> dict[str, LoadedMapping]:
    """Return the paths of each mapping. *count* is the number of files, including broken ones."""
    is_alone = (len(loaded) if count is None else count) == 1
    paths = {
        each.path(is_alone=is_alone and _may_have_default(each, before)): each
        for each in loaded.values()
    }
    for path, former in before.paths.items():
        now = loaded.get(former.file)
        if now is not None and now.platform == former.platform and not _names_path(now, former):
            paths.setdefault(path, now)
    return paths


def _may_have_default(mapping: LoadedMapping, before: MappingSet) -> bool:
    """Return whether a mapping that is alone now is at the default path.

    A mapping that was left alone is not: callers of a mapping that is gone would get its tickets.
    """
    former = before.paths.get(_DEFAULT_PATH)
    if former is not None:
        return mapping.file == former.file or mapping.platform == former.platform
    return before is NOTHING


def _names_path(*mappings: LoadedMapping) -> bool:
    return any(each.bridge.spec.endpoint.path for each in mappings)


# --- clashes --------------------------------------------------------------------------------------


def _leave_out_clashes(
    loaded: dict[Path, LoadedMapping],
    known: Mapping[Path, LoadedMapping],
    broken: dict[Path, BrokenMapping],
) -> None:
    """Move mappings that clash from *loaded* to *broken*, and put back what is *known* of their files.

    A mapping that was there before keeps its name and path, so each round leaves fewer that can clash.
    """
    while clashes := dict(_find_clashes(loaded, known)):
        for mapping, error in clashes.items():
            broken[mapping.file] = BrokenMapping(mapping.file, error, mapping.files)
            del loaded[mapping.file]
            if mapping.file in known:
                loaded[mapping.file] = known[mapping.file]


def _find_clashes(
    loaded: Mapping[Path, LoadedMapping], known: Mapping[Path, LoadedMapping]
) -> Iterator[tuple[LoadedMapping, PathTaken]]:
    """Yield each mapping with the name or path of another, unless it had it before."""
    is_alone = len(loaded) == 1
    yield from _clashes_of(
        lambda each: each.path(is_alone=is_alone), "`endpoint.path`", loaded, known
    )
    yield from _clashes_of(lambda each: each.platform, "`platform`", loaded, known)


def _clashes_of(
    key: Callable[[LoadedMapping], str],
    what: str,
    loaded: Mapping[Path, LoadedMapping],
    known: Mapping[Path, LoadedMapping],
) -> Iterator[tuple[LoadedMapping, PathTaken]]:
    groups: defaultdict[str, list[LoadedMapping]] = defaultdict(list)
    for mapping in loaded.values():
        groups[key(mapping)].append(mapping)
    for value, group in groups.items():
        files = " and ".join(str(each.file) for each in group)
        for mapping in group if len(group) > 1 else ():
            former = known.get(mapping.file)
            if former is None or key(former) != value:
                yield (
                    mapping,
                    PathTaken(f"{files} have one {what}, {value}: give each another one"),
                )
