"""The time of each frame of a DICOM cine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_description

from usummary.readers.dicom.clock import moment
from usummary.readers.dicom.values import Values

ASSUMED_RATE = 30.0
"""Frames per second of a cine whose header gives no rate."""

_POINTERS = {0x00181065: "FrameTimeVector", 0x00181063: "FrameTime"}
_RATES = ("RecommendedDisplayFrameRate", "CineRate")
_SAME_RATE = 0.03
"""Rates agree that differ by at most this share, or by rounding to whole frames per second."""
_FEWEST_TIMES = 4
"""A vector of at least this many ascending values from 0 on holds times, not distances: distances
between frames do not keep growing."""

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """Times of a cine's frames.

    Attributes:
        times_s: (n,) recording times, the first one 0, ascending.
        duration_s: End of the last frame.
        notices: What was assumed, and which elements contradict each other.
        stated: The header gives the times; False if a rate is assumed.
    """

    times_s: Times
    duration_s: float
    notices: tuple[str, ...] = ()
    stated: bool = True


@dataclass(frozen=True)
class _Steps:
    """Distances between frames, as one element of the header gives them.

    Attributes:
        source: Name of the element, for people.
        steps_s: (n,) seconds since the frame before; the first value means nothing.
        notices: What had to be guessed.
        whole: The element can only give whole frames per second.
    """

    source: str
    steps_s: Times
    notices: tuple[str, ...] = ()
    whole: bool = False

    @property
    def rate(self) -> float:
        """Mean frames per second."""
        inner = self.steps_s[1:] if len(self.steps_s) > 1 else self.steps_s
        return float(1.0 / inner.mean())


def frame_timing(values: Values, count: int) -> Timing:
    """Times of `count` frames.

    The first of these that can be used counts: times of the frames in their functional groups, the
    element that the Frame Increment Pointer (0028,0009) names, Frame Time Vector (0018,1065), Frame
    Time (0018,1063), Recommended Display Frame Rate (0008,2144), Cine Rate (0018,0040), Actual
    Frame Duration (0018,1242), Effective Duration (0018,0072). A notice names the elements that
    contradict it.
    """
    problems: list[str] = []
    stated = list(_stated(values, count, problems)) or list(_implied(values, count, problems))
    if not stated:
        reason = (
            f"gives no frame time that can be used; {ASSUMED_RATE:g} frames per second are assumed."
        )
        assumed = _Steps("", np.full(count, 1 / ASSUMED_RATE))
        return _timing(assumed, (*problems, f"The DICOM file {reason}"), stated=False)
    first, *others = stated
    against = [other for other in others if not agree(first.rate, other.rate, other.whole)]
    notices = [*problems, *first.notices]
    if against:
        listed = ", ".join(f"{other.source} {other.rate:.4g}" for other in against)
        notices.append(
            f"The DICOM file contradicts itself: {first.source} means {first.rate:.4g} frames per "
            f"second, {listed}. {first.source} is used."
        )
    return _timing(first, tuple(notices))


def agree(rate: float, other: float, whole: bool = False) -> bool:
    """Whether two rates are the same but for rounding; `whole`: `other` may be a rounded one."""
    # 0.51: half a frame of rounding, and a little for the rounding of floats.
    return abs(rate - other) <= max(_SAME_RATE * rate, 0.51 if whole else 0.0)


def _timing(chosen: _Steps, notices: tuple[str, ...], *, stated: bool = True) -> Timing:
    steps = chosen.steps_s
    times = np.concatenate([[0.0], np.cumsum(steps[1:])])
    # No element says how long the last frame is shown: as long as most others are.
    last = float(np.median(steps[1:])) if len(steps) > 1 else float(steps[0])
    return Timing(times, float(times[-1]) + last, notices, stated)


def _stated(values: Values, count: int, problems: list[str]) -> Iterator[_Steps]:
    """Steps by each element that states them, best first; `problems` gets unusable elements."""
    grouped = _grouped(values, count, problems)
    if grouped is not None:
        yield grouped
    # The element that the pointer names comes first; the others confirm or contradict it.
    pointed = values.numbers("FrameIncrementPointer")
    names = [_POINTERS[int(tag)] for tag in pointed if int(tag) in _POINTERS]
    for name in dict.fromkeys([*names, *_POINTERS.values()]):
        steps = (
            _vector(values, count, problems)
            if name == "FrameTimeVector"
            else _constant(values, name, count, 0.001, problems)
        )
        if steps is not None:
            yield steps
    for name in _RATES:
        rate = _positive(values, name, problems)
        if rate is not None:
            yield _Steps(dictionary_description(name), np.full(count, 1 / rate), whole=True)


def _implied(values: Values, count: int, problems: list[str]) -> Iterator[_Steps]:
    """Steps by elements about the acquisition, which can differ from the time between frames."""
    duration = _constant(values, "ActualFrameDuration", count, 0.001, problems)
    if duration is not None:
        yield duration
    whole = _positive(values, "EffectiveDuration", problems)
    if whole is not None:
        yield _Steps(dictionary_description("EffectiveDuration"), np.full(count, whole / count))


def _positive(values: Values, keyword: str, problems: list[str]) -> float | None:
    number = values.number(keyword)
    if number is not None and number <= 0:
        problems.append(
            f"The DICOM file gives {number:g} as {dictionary_description(keyword)}, which is not "
            "used."
        )
        return None
    return number


def _constant(
    values: Values, keyword: str, count: int, unit_s: float, problems: list[str]
) -> _Steps | None:
    number = _positive(values, keyword, problems)
    if number is None:
        return None
    return _Steps(dictionary_description(keyword), np.full(count, number * unit_s))


def _vector(values: Values, count: int, problems: list[str]) -> _Steps | None:
    """Frame Time Vector (PS3.3 C.7.6.5.1.2): a distance for each frame, the first one unused.

    Vectors of a wrong length or kind are common; each is read in the only way that makes sense, and
    a notice says so.
    """
    name = dictionary_description("FrameTimeVector")
    steps = np.array(values.numbers("FrameTimeVector")) / 1000
    given = len(steps)
    notices: tuple[str, ...] = ()
    if given == 0:
        return None
    # One value for two frames is a vector without its first value, which comes next.
    if given == 1 and count != 2:
        notices = (f"The {name} holds one value; it is used for all frames.",)
        steps = np.full(count, steps[0])
    elif given == count - 1:
        notices = (f"The {name} lacks its first value; the others are the distances of frames.",)
        steps = np.concatenate([[0.0], steps])
    elif given < count:
        problems.append(f"The {name} holds {given} values for {count} frames and is not used.")
        return None
    elif given > count:
        notices = (f"The {name} holds {given} values for {count} frames; the first ones are used.",)
        steps = steps[:count]
    elif _are_times(values, steps):
        notices = (f"The {name} holds times instead of distances; it is read as times.",)
        steps = np.diff(steps, prepend=0.0)
    if count > 1 and not (steps[1:] > 0).all():
        usual = _usual(steps[1:])
        if usual is None:
            problems.append(f"The {name} holds no distances that can be used.")
            return None
        notices = (
            *notices,
            f"The {name} holds distances that are not above 0; {usual * 1000:g} ms are used there.",
        )
        steps = np.where(steps > 0, steps, usual)
    return _Steps(name, steps, notices)


def _usual(steps: Times) -> float | None:
    """Median of the distances above 0, None if these are not more than half of all."""
    good = steps[steps > 0]
    return float(np.median(good)) if 2 * len(good) > len(steps) else None


def _are_times(values: Values, steps: Times) -> bool:
    """Whether a vector holds times: it ascends from 0, and no rate agrees with it as distances."""
    if len(steps) < _FEWEST_TIMES or steps[0] != 0 or not (np.diff(steps) > 0).all():
        return False
    milliseconds, rate = values.number("FrameTime"), values.number("CineRate")
    means = [milliseconds / 1000] if milliseconds else []
    means += [1 / rate] if rate and rate > 0 else []
    distance = float(steps[1:].mean())
    return not any(agree(1 / mean, 1 / distance) for mean in means if mean > 0)


def _grouped(values: Values, count: int, problems: list[str]) -> _Steps | None:
    """Steps by the times in the per-frame functional groups."""
    groups = values.items("PerFrameFunctionalGroupsSequence")
    if len(groups) < count:
        return None
    for find in (_acquired_s, _offset_s):
        times = [find(group) for group in groups[:count]]
        known = [time for time in times if time is not None]
        if len(known) < count:
            continue
        steps = np.diff(np.array(known), prepend=known[0])
        if count == 1 or (steps[1:] > 0).all():
            return _Steps("times of single frames", steps) if count > 1 else None
        problems.append(
            "Several pictures of the DICOM file have the same time, as slices of a volume do; they "
            "are shown one after another."
        )
        return None
    return None


def _acquired_s(group: Values) -> float | None:
    for item in group.items("FrameContentSequence"):
        for keyword in ("FrameAcquisitionDateTime", "FrameReferenceDateTime"):
            when = moment(item.text(keyword))
            if when is not None:
                return (when.replace(tzinfo=when.tzinfo or UTC)).timestamp()
    return None


def _offset_s(group: Values) -> float | None:
    for item in group.items("TemporalPositionSequence"):
        offset = item.number("TemporalPositionTimeOffset")
        if offset is not None:
            return offset
    return None
