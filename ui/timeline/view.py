"""Exam time to pixels and back: the part of an exam that the timeline shows."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class View:
    """The part of the exam that a width shows.

    Attributes:
        first_s: Exam time at the left edge.
        px_per_s: Scale, pixels per second.
        width: Pixels from the left to the right edge.
    """

    first_s: float
    px_per_s: float
    width: float

    @classmethod
    def of(cls, first_s: float, last_s: float, width: float) -> View:
        """The view from one exam time to another."""
        return cls(first_s, width / max(last_s - first_s, 1e-9), width)

    @property
    def last_s(self) -> float:
        """Exam time at the right edge."""
        return self.first_s + self.span_s

    @property
    def span_s(self) -> float:
        return self.width / self.px_per_s

    def x(self, time_s: float) -> float:
        return (time_s - self.first_s) * self.px_per_s

    def time(self, x: float) -> float:
        return self.first_s + x / self.px_per_s

    def zoomed(self, factor: float, at_px: float, limit_s: float, shortest_s: float) -> View:
        """Shows `factor` times as much; the time under `at_px` stays where it is."""
        span = min(max(self.span_s * factor, shortest_s), limit_s)
        first = self.time(at_px) - span * at_px / max(self.width, 1)
        return View(first, self.width / max(span, 1e-9), self.width).inside(limit_s)

    def panned(self, pixels: float, limit_s: float) -> View:
        """Moved by a drag of `pixels` to the right."""
        return self.starting(self.first_s - pixels / self.px_per_s, limit_s)

    def starting(self, first_s: float, limit_s: float) -> View:
        """The view at the same scale from another time on."""
        return replace(self, first_s=first_s).inside(limit_s)

    def inside(self, limit_s: float) -> View:
        """The view moved and scaled so that it shows nothing before 0 or after `limit_s`."""
        px_per_s = max(self.px_per_s, self.width / max(limit_s, 1e-9))
        latest = max(limit_s - self.width / px_per_s, 0.0)
        return View(min(max(self.first_s, 0.0), latest), px_per_s, self.width)
