"""Drawings of the 13 standard planes and of what a probe sees on its way between them.

Schematic, own drawings at the size of a fetus of about 20 weeks; nothing is traced from a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from usummary.phantom import heart
from usummary.phantom.canvas import (
    BONE,
    BRAIN,
    BRIGHT,
    FLUID,
    LIVER,
    MUSCLE,
    TISSUE,
    Sketch,
    arc,
    smooth,
)
from usummary.types import Picture

HEART_PHASES = 16
"""Drawings per heart beat."""


@dataclass(frozen=True, slots=True)
class Caliper:
    """A measurement taken on the frozen picture: a line or an ellipse through four points.

    Attributes:
        label: Abbreviation on screen.
        shape: ``line`` from `start` to `end`; ``ellipse`` with them as ends of its long axis.
        start, end: Centimetres on the drawing.
        flatness: Short over long axis of an ellipse.
    """

    label: str
    shape: Literal["line", "ellipse"]
    start: tuple[float, float]
    end: tuple[float, float]
    flatness: float = 1.0


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane the phantom can show.

    Attributes:
        name: Name in `usummary.types.STANDARD_PLANES`.
        depth_cm: Depth that the scanner is set to.
        draw: Draws it at a phase of the heart beat, 0 to 1.
        calipers: What is measured when it is frozen.
        beats: It changes with the heart beat.
    """

    name: str
    depth_cm: float
    draw: Callable[[Sketch, float], None]
    calipers: tuple[Caliper, ...] = ()
    beats: bool = False


def cuts(plane: Plane) -> list[Picture]:
    """The plane's layers, one for each phase of the heart beat if it beats, else one."""
    phases = np.arange(HEART_PHASES) / HEART_PHASES if plane.beats else np.zeros(1)
    drawn = []
    for phase in phases:
        canvas = Sketch(plane.depth_cm)
        plane.draw(canvas, float(phase))
        drawn.append(canvas.finish(np.random.default_rng(len(plane.name))))
    return drawn


def _skull(c: Sketch) -> None:
    c.fill(arc((0, 0), (3.45, 2.72)), TISSUE)
    c.fill(arc((0, 0), (3.15, 2.42)), BRAIN)
    c.stroke(arc((0, 0), (3.2, 2.47)), 0.24, BONE, 62)
    rng = np.random.default_rng(3)
    for x, y in rng.uniform((-2.4, -1.7), (2.4, 1.7), (34, 2)):
        if (x / 2.9) ** 2 + (y / 2.2) ** 2 < 0.8:
            turn = rng.uniform(-25, 25)
            c.stroke(arc((x, y), (0.28, 0.12), turn, (200, 340)), 0.05, 92)


def _cavum(c: Sketch) -> None:
    c.fill(smooth([(-2.0, -0.2), (-1.25, -0.2), (-1.25, 0.2), (-2.0, 0.2)], closed=True), FLUID)
    for side in (-1, 1):
        c.stroke(np.array([(-2.0, 0.2 * side), (-1.2, 0.2 * side)]), 0.07, 190)


def _brain_ventricles(c: Sketch, _: float) -> None:
    _skull(c)
    for line in ([(-3.0, 0), (-2.0, 0)], [(-0.9, 0), (0.6, 0)], [(0.9, 0), (3.0, 0)]):
        c.stroke(np.array(line), 0.08, 185)
    _cavum(c)
    for side in (-1, 1):
        horn = [(-1.9, 0.55), (-1.0, 0.42), (-0.9, 0.62), (-1.8, 0.8)]
        c.fill(smooth([(x, y * side) for x, y in horn], closed=True), FLUID)
    far = [(0.2, 0.75), (1.2, 0.72), (2.4, 0.95), (2.35, 1.5), (1.4, 1.62), (0.4, 1.25)]
    c.fill(smooth(far, closed=True), FLUID)
    c.stroke(smooth(far[:3]), 0.1, 205)
    c.stroke(smooth(far[3:]), 0.1, 205)
    c.fill(arc((1.0, 1.13), (0.85, 0.34), 8), 178)
    c.stroke(smooth([(-1.3, 1.75), (-0.5, 1.55), (0.1, 1.85)]), 0.1, 150)
    near = [(0.4, -0.8), (1.3, -0.75), (2.2, -1.0)]
    c.stroke(smooth(near), 0.08, 120)


def _brain_cerebellum(c: Sketch, _: float) -> None:
    _skull(c)
    c.stroke(np.array([(-3.0, 0), (-2.0, 0)]), 0.08, 185)
    c.stroke(np.array([(-0.9, 0), (0.7, 0)]), 0.07, 165)
    _cavum(c)
    for side in (-1, 1):
        c.fill(arc((0.0, 0.5 * side), (0.62, 0.4), 12 * side), 24)
        c.stroke(arc((0.0, 0.5 * side), (0.62, 0.4), 12 * side), 0.05, 115)
    c.fill(arc((2.15, 0), (0.78, 1.25)), FLUID)
    for side in (-1, 1):
        c.fill(arc((1.6, 0.68 * side), (0.6, 0.68)), 62)
        c.stroke(arc((1.6, 0.68 * side), (0.6, 0.68)), 0.1, 195)
    c.fill(arc((1.6, 0), (0.34, 0.22)), 190)
    c.stroke(arc((0, 0), (3.2, 2.47), 0, (-40, 40)), 0.24, BONE, 62)
    c.stroke(arc((0, 0), (3.75, 2.95), 0, (-28, 28)), 0.1, 185)


def _profile(c: Sketch, _: float) -> None:
    face = [
        (-2.7, -1.3), (-1.6, -2.2), (-0.5, -2.3), (0.02, -1.85), (0.4, -2.0), (0.72, -2.55),
        (0.95, -2.45), (1.0, -1.95), (1.3, -2.25), (1.45, -1.9), (1.65, -2.2), (1.85, -1.75),
        (2.2, -2.05), (2.55, -1.6), (2.5, -0.7), (2.9, -0.5), (3.6, -1.5), (5.0, -2.2),
    ]  # fmt: skip
    back = [(6.2, -1.8), (6.2, 2.3), (4.2, 2.3), (2.4, 1.7), (0.9, 2.5), (-1.2, 2.8), (-2.9, 1.7)]
    outline = smooth([*face, *back], closed=True)
    c.fill(outline, TISSUE - 12)
    c.stroke(outline, 0.11, 165, 12)
    c.fill(arc((-0.9, 0.25), (2.05, 2.15)), BRAIN - 10)
    c.stroke(arc((-0.9, 0.25), (2.1, 2.2), 0, (130, 312)), 0.24, BONE, 60)
    c.stroke(arc((-0.9, 0.25), (1.2, 1.1), 0, (190, 330)), 0.1, 130)
    c.fill(arc((-0.2, 0.9), (0.75, 0.5), 20), 70)
    c.stroke(np.array([(0.12, -1.72), (0.62, -2.12)]), 0.17, BONE, 130)
    c.stroke(smooth([(0.75, -1.45), (1.0, -1.3), (1.4, -1.35)]), 0.16, 215, 90)
    c.stroke(smooth([(1.75, -1.35), (2.15, -1.6), (2.35, -1.3)]), 0.16, 225, 110)
    c.stroke(np.array([(1.0, -1.0), (2.1, -0.9)]), 0.12, FLUID)
    for step in range(7):
        c.dot(2.2 + 0.45 * step, 1.35 + 0.04 * step, 0.14, 225, 100)
    c.fill(arc((5.0, -0.2), (1.3, 1.2)), MUSCLE)
    c.stroke(smooth([(3.3, -0.3), (4.3, -0.7), (5.6, -0.9)]), 0.1, 150)


def _lips(c: Sketch, _: float) -> None:
    cheeks = [(-2.9, -1.6), (-1.2, -2.4), (0.6, -2.1), (1.8, -1.2), (2.2, 0), (1.8, 1.2),
              (0.6, 2.1), (-1.2, 2.4), (-2.9, 1.6)]  # fmt: skip
    c.fill(smooth(cheeks, closed=True), TISSUE - 8)
    c.stroke(smooth(cheeks), 0.12, 180)
    c.fill(arc((-1.0, 0), (0.85, 1.0)), 120)
    c.stroke(arc((-1.0, 0), (0.85, 1.0), 0, (-75, 75)), 0.12, 215)
    for side in (-1, 1):
        c.fill(arc((-0.6, 0.38 * side), (0.22, 0.17), 25 * side), FLUID)
    c.fill(smooth([(-0.05, -1.1), (0.4, -0.7), (0.28, 0), (0.4, 0.7), (-0.05, 1.1), (0.62, 1.0),
                   (0.85, 0), (0.62, -1.0)], closed=True), 165)  # fmt: skip
    c.stroke(smooth([(-0.05, -1.2), (0.62, -0.8), (0.9, 0), (0.62, 0.8), (-0.05, 1.2)]), 0.1, 215)
    c.stroke(smooth([(0.55, -1.15), (0.98, 0), (0.55, 1.15)]), 0.16, FLUID)
    c.fill(arc((1.12, 0), (0.24, 0.72)), 158)
    c.stroke(arc((1.12, 0), (0.26, 0.74), 0, (-85, 85)), 0.09, 210)
    c.fill(arc((1.75, 0), (0.42, 0.6)), 100)
    c.stroke(arc((1.75, 0), (0.44, 0.62), 0, (-80, 80)), 0.11, 205)
    for side in (-1, 1):
        c.stroke(
            smooth([(-2.4, 1.0 * side), (-1.7, 1.5 * side), (-0.9, 1.4 * side)]), 0.16, 215, 60
        )


def vertebra(c: Sketch, x: float, y: float, turn: float) -> None:
    """The three ossification centres of a vertebra cut across; `turn` points to its back."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    for ahead, aside in ((-0.22, 0.0), (0.2, 0.26), (0.2, -0.26)):
        c.dot(x + ahead * cos - aside * sin, y + ahead * sin + aside * cos, 0.16, BONE, 170)


def _trunk(c: Sketch, radii: tuple[float, float], inside: float) -> None:
    c.fill(arc((0, 0), radii), TISSUE)
    c.fill(arc((0, 0), (radii[0] - 0.25, radii[1] - 0.25)), inside)
    c.stroke(arc((0, 0), radii), 0.13, 165, 14)


def _abdomen(c: Sketch, _: float) -> None:
    _trunk(c, (2.6, 2.45), LIVER)
    for span in ((100, 150), (30, 75), (-75, -30), (-150, -100)):
        c.stroke(arc((0, 0), (2.3, 2.15), 0, span), 0.13, 205, 45)
    vertebra(c, 2.0, 0.0, 0)
    c.fill(
        smooth([(0.2, 0.7), (0.95, 0.75), (1.2, 1.25), (0.7, 1.65), (0.1, 1.3)], closed=True), 4, 0
    )
    c.stroke(smooth([(0.1, 0.65), (1.0, 0.65), (1.3, 1.3)]), 0.06, 150)
    vein = smooth([(-1.35, 0.0), (-0.7, 0.05), (-0.25, -0.1), (0.0, -0.55), (0.35, -0.75)])
    c.stroke(vein, 0.36, 165)
    c.stroke(vein, 0.24, FLUID, 0)
    c.dot(1.35, 0.32, 0.17, FLUID, 0)
    c.dot(1.25, -0.4, 0.16, FLUID, 0)
    c.fill(arc((0.95, -1.25), (0.32, 0.2), 40), 60)


def _kidneys(c: Sketch, _: float) -> None:
    _trunk(c, (2.6, 2.4), TISSUE - 16)
    vertebra(c, 0.0, -1.75, -90)
    for side in (-1, 1):
        middle = (1.0 * side, -0.85)
        c.fill(arc(middle, (0.72, 0.62), 18 * side), 54)
        c.stroke(arc(middle, (0.74, 0.64), 18 * side), 0.09, 185)
        c.fill(arc((0.82 * side, -0.78), (0.3, 0.22), 18 * side), 135)
        c.fill(arc((0.82 * side, -0.78), (0.17, 0.1), 18 * side), FLUID, 0)
    c.dot(-0.12, -1.05, 0.15, FLUID, 0)
    rng = np.random.default_rng(5)
    for x, y in rng.uniform((-1.6, 0.1), (1.6, 1.7), (14, 2)):
        c.fill(arc((x, y), (0.35, 0.22), rng.uniform(0, 180)), rng.uniform(70, 150))
        c.stroke(arc((x, y), (0.38, 0.25), rng.uniform(0, 180), (180, 330)), 0.05, 160)


def _femur(c: Sketch, _: float) -> None:
    thigh = [(-2.9, -0.5), (-1.8, -1.25), (0.5, -1.2), (2.2, -0.75), (3.1, -0.3), (3.0, 0.7),
             (1.8, 1.0), (-0.4, 1.6), (-2.4, 1.6), (-3.3, 0.6)]  # fmt: skip
    outline = smooth(thigh, closed=True)
    c.fill(outline, MUSCLE + 6)
    c.stroke(outline, 0.1, 175, 12)
    for lift in (-0.75, 0.5, 0.8):
        c.stroke(smooth([(-2.2, lift), (0, lift - 0.12), (2.2, lift + 0.1)]), 0.06, 125)
    shaft = smooth([(-1.62, 0.05), (-0.8, -0.1), (0.8, -0.12), (1.62, 0.02)])
    c.stroke(shaft, 0.36, BONE, 235)
    for x in (-1.62, 1.62):
        c.dot(x, 0.06, 0.24, BONE, 235)


def _spine_coronal(c: Sketch, _: float) -> None:
    back = [(-4.6, -0.9), (-2.6, -1.5), (0, -1.6), (2.6, -1.25), (4.4, -0.5), (4.6, 0.3),
            (2.6, 1.2), (0, 1.6), (-2.6, 1.5), (-4.6, 0.9)]  # fmt: skip
    outline = smooth(back, closed=True)
    c.fill(outline, TISSUE - 6)
    c.stroke(outline, 0.11, 155, 12)
    for x in np.arange(-4.1, 3.9, 0.33):
        half = 0.34 * (1 - max(0.0, x - 1.8) / 2.6)
        for side in (-1, 1):
            c.stroke(np.array([(x - 0.08, half * side), (x + 0.08, half * side)]), 0.16, BONE, 85)
            if -3.4 < x < 0.6:
                rib = [(x, 0.62 * side), (x + 0.12, 0.95 * side), (x + 0.3, 1.25 * side)]
                c.stroke(smooth(rib), 0.1, 190, 60)
    for side in (-1, 1):
        c.fill(arc((1.9, 0.85 * side), (0.6, 0.3), 6 * side), 58)


def _spine_sagittal(c: Sketch, _: float) -> None:
    def bend(x: float) -> float:
        return 0.035 * x * x - 0.05 * x - (0.16 * max(0.0, x - 2.2) ** 2)

    xs = np.arange(-6.2, 3.8, 0.3)
    rump = [(4.2, bend(3.8) - 0.2), (4.4, bend(3.8) + 0.7), (4.0, bend(3.8) + 1.5)]
    skin = smooth([*((x, bend(x) - 0.75) for x in xs), *rump])
    belly = np.array([(x, bend(x) + 2.2 - 0.08 * x) for x in xs[::-1]])
    c.fill(np.concatenate([skin, belly]), TISSUE - 10)
    c.stroke(skin, 0.12, 175, 12)
    c.stroke(belly, 0.1, 150)
    c.stroke(np.array([(x, bend(x) + 0.02) for x in xs]), 0.24, 26)
    for x in xs:
        c.stroke(np.array([(x - 0.09, bend(x) - 0.22), (x + 0.06, bend(x) - 0.2)]), 0.13, 225, 60)
        c.fill(arc((x, bend(x) + 0.32), (0.11, 0.13)), BONE, 150)
    for x in np.arange(-3.2, 1.0, 0.62):
        c.stroke(smooth([(x, bend(x) + 0.7), (x + 0.2, bend(x) + 1.7)]), 0.1, 120, 25)


def _oblique_trunk(c: Sketch, _: float) -> None:
    outline = smooth(
        [(-3.2, -0.8), (-0.6, -1.9), (2.4, -1.2), (3.0, 0.8), (0.6, 1.9), (-2.6, 1.4)], closed=True
    )
    c.fill(outline, TISSUE - 10)
    c.stroke(outline, 0.12, 170, 14)
    for x in np.arange(-2.2, 1.8, 0.62):
        c.stroke(smooth([(x, -1.1), (x + 0.25, -0.7), (x + 0.3, -0.2)]), 0.14, 215, 90)
    c.fill(arc((1.3, 0.5), (0.6, 0.35), 30), FLUID + 14, 2)
    c.fill(arc((-0.8, 0.6), (0.9, 0.5), -20), 62)


def _limbs(c: Sketch, _: float) -> None:
    for x, y, size in ((-2.1, -0.5, 0.95), (0.4, 1.0, 1.05), (2.3, -0.8, 0.75)):
        c.fill(arc((x, y), (size, size * 0.85), 20), MUSCLE + 8)
        c.stroke(arc((x, y), (size, size * 0.85), 20), 0.1, 175, 12)
        c.dot(x, y, 0.24, BONE, 220)
    for step in range(4):
        c.dot(-1.2 + 0.4 * step, -1.9 + 0.12 * step, 0.12, 220, 120)


def _cord(c: Sketch, _: float) -> None:
    for step in range(9):
        x, y = -2.8 + 0.7 * step, 0.5 * np.sin(step * 1.3)
        c.fill(arc((x, y), (0.42, 0.36)), 120)
        c.dot(x - 0.12, y, 0.14, FLUID, 0)
        c.dot(x + 0.18, y + 0.08, 0.09, FLUID, 0)
    c.fill(smooth([(-4, 1.6), (0, 1.2), (4, 1.9), (4, 4), (-4, 4)], closed=True), 112)


def _oblique_head(c: Sketch, _: float) -> None:
    c.fill(arc((0.4, 0.2), (2.3, 2.1), 20), TISSUE)
    c.fill(arc((0.4, 0.2), (2.05, 1.85), 20), BRAIN + 14)
    c.stroke(arc((0.4, 0.2), (2.1, 1.9), 20, (150, 380)), 0.24, BONE, 75)
    for y in (-0.5, 0.1, 0.7):
        c.stroke(smooth([(-0.7, y), (0.2, y + 0.2), (1.3, y - 0.1)]), 0.09, 130)
    c.fill(arc((-2.0, 0.9), (0.9, 0.6), 30), 100)
    c.fill(arc((-1.1, -0.1), (0.34, 0.34)), FLUID + 10)


def _empty(c: Sketch, _: float) -> None:
    c.fill(
        smooth([(-5, -0.4), (-2, 0.2), (1.5, -0.3), (5, 0.6), (5, 5), (-5, 5)], closed=True), 114
    )
    c.stroke(smooth([(-5, -0.4), (-2, 0.2), (1.5, -0.3), (5, 0.6)]), 0.1, BRIGHT)
    for x, y in ((-2.0, 1.8), (1.2, 1.4), (2.8, 2.6)):
        c.fill(arc((x, y), (0.5, 0.22), 15), 30)


PLANES: tuple[Plane, ...] = (
    Plane(
        "Brain (Cb.)", 9.5, _brain_cerebellum, (Caliper("TCD", "line", (1.6, -1.36), (1.6, 1.36)),)
    ),
    Plane(
        "Brain (Tv.)",
        9.5,
        _brain_ventricles,
        (
            Caliper("HC", "ellipse", (-3.3, 0), (3.3, 0), 0.78),
            Caliper("BPD", "line", (0, -2.55), (0, 2.4)),
            Caliper("Vp", "line", (1.9, 0.87), (1.85, 1.55)),
        ),
    ),
    Plane("Profile", 10.0, _profile, (Caliper("NB", "line", (0.12, -1.72), (0.62, -2.12)),)),
    Plane("Lips", 8.0, _lips),
    Plane("Abdominal", 9.0, _abdomen, (Caliper("AC", "ellipse", (-2.65, 0), (2.65, 0), 0.94),)),
    Plane(
        "Kidneys",
        8.5,
        _kidneys,
        (
            Caliper("RPD L", "line", (0.82, -0.89), (0.82, -0.67)),
            Caliper("RPD R", "line", (-0.82, -0.89), (-0.82, -0.67)),
        ),
    ),
    Plane("Femur", 8.5, _femur, (Caliper("FL", "line", (-1.85, 0.06), (1.85, 0.06)),)),
    Plane("Spine (cor.)", 10.0, _spine_coronal),
    Plane("Spine (sag.)", 10.0, _spine_sagittal),
    Plane("4CH", 7.5, heart.four_chambers, beats=True),
    Plane("3VV", 7.5, heart.three_vessels, beats=True),
    Plane("RVOT", 7.5, heart.right_outflow, beats=True),
    Plane("LVOT", 7.5, heart.left_outflow, beats=True),
)

BETWEEN: tuple[Plane, ...] = tuple(
    Plane(f"between {number}", 9.5, draw)
    for number, draw in enumerate((_oblique_trunk, _limbs, _cord, _oblique_head, _empty))
)
"""Cuts that are no standard plane, met while searching."""
