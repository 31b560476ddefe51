"""Drawings of the four heart planes, which change with the phase of the beat."""

from __future__ import annotations

import numpy as np

from usummary.phantom.canvas import BONE, FLUID, MUSCLE, TISSUE, Points, Sketch, arc, smooth


def four_chambers(c: Sketch, phase: float) -> None:
    """Chest cut across at the four chambers; valves open as the ventricles fill."""
    _chest(c)
    squeeze = _squeeze(phase)
    ventricle, atrium = 1 - 0.26 * squeeze, 0.86 + 0.16 * squeeze
    c.fill(_turned(arc((0, 0.0), (1.45, 1.12))), MUSCLE + 12)
    c.stroke(_turned(arc((0, 0.0), (1.45, 1.12))), 0.07, 175)
    for side in (-1, 1):
        c.fill(_turned(arc((-0.55, 0.44 * side), (0.68 * ventricle, 0.33 * ventricle))), FLUID, 2)
        c.fill(_turned(arc((0.72, 0.46 * side), (0.44 * atrium, 0.36 * atrium))), FLUID, 2)
        hinge, tip = (
            (0.2, 0.8 * side),
            (0.18 - 0.3 * (1 - squeeze), (0.12 + 0.3 * (1 - squeeze)) * side),
        )
        c.stroke(_turned(np.array([hinge, tip])), 0.07, 215)
        c.stroke(_turned(np.array([(0.2, 0.06 * side), tip])), 0.07, 215)
    c.stroke(_turned(np.array([(-1.3, 0), (0.25, 0)])), 0.17, 150)
    c.stroke(_turned(np.array([(0.2, 0), (0.52, 0)])), 0.09, 205)
    c.stroke(_turned(np.array([(0.82, 0), (1.2, 0)])), 0.08, 195)
    c.stroke(_turned(np.array([(-0.95, 0.62), (-0.85, 0.1)])), 0.1, 135)
    c.stroke(_turned(arc((0.62, 0.12), (0.22, 0.14), 0, (180, 360))), 0.05, 185)


def three_vessels(c: Sketch, phase: float) -> None:
    """Pulmonary trunk, aorta and caval vein in a row, falling in size, with the trachea."""
    _chest(c)
    wide = 0.9 + 0.2 * _squeeze(phase)
    c.fill(arc((-0.55, -1.2), (0.85, 0.4), -8), 60)
    trunk = smooth([(-0.95, -0.75), (-0.55, -0.2), (-0.1, 0.45), (0.35, 0.85)])
    c.stroke(trunk, 0.66 * wide + 0.14, 185)
    c.stroke(trunk, 0.6 * wide, FLUID, 1)
    for x, y, size in ((0.18, -0.42, 0.3), (0.85, -0.2, 0.2)):
        c.dot(x, y, size * wide + 0.07, 190, 8)
        c.dot(x, y, size * wide, FLUID, 1)
    c.dot(0.92, 0.42, 0.17, 235, 40)
    c.dot(0.92, 0.42, 0.08, FLUID, 0)
    c.dot(0.75, 1.0, 0.19, FLUID, 1)


def right_outflow(c: Sketch, phase: float) -> None:
    """The pulmonary trunk leaves the right ventricle and forks, crossing the round aorta."""
    _chest(c)
    squeeze = _squeeze(phase)
    c.fill(
        smooth(
            [(-1.5, 0.8), (-1.3, -0.6), (-0.2, -1.1), (0.9, -0.8), (1.0, 0.4), (-0.2, 1.1)],
            closed=True,
        ),
        MUSCLE + 12,
    )
    room = 1 - 0.22 * squeeze
    c.fill(arc((-0.85, -0.05), (0.42 * room, 0.78 * room), 20), FLUID, 2)
    trunk = smooth([(-0.85, -0.5), (-0.4, -0.95), (0.25, -0.75), (0.75, -0.15)])
    c.stroke(trunk, 0.56, 180)
    c.stroke(trunk, 0.38 + 0.08 * squeeze, FLUID, 1)
    for end in ((1.35, 0.35), (0.7, 0.75)):
        c.stroke(np.array([(0.75, -0.15), end]), 0.38, 175)
    for end in ((1.35, 0.35), (0.7, 0.75), (0.55, -0.4)):
        c.stroke(np.array([(0.75, -0.15), end]), 0.26, FLUID, 1)
    c.dot(-0.05, 0.0, 0.42, 200, 8)
    c.dot(-0.05, 0.0, 0.33, FLUID, 1)
    c.stroke(arc((-0.05, 0), (0.2, 0.2), 120 * squeeze, (0, 200)), 0.05, 170)
    leaf = 0.05 + 0.15 * squeeze
    for side in (-1, 1):
        c.stroke(np.array([(-0.62, -0.82 + 0.16 * side), (-0.4, -0.88 + leaf * side)]), 0.06, 225)


def left_outflow(c: Sketch, phase: float) -> None:
    """The aorta leaves the left ventricle; its front wall goes on from the septum."""
    _chest(c)
    squeeze = _squeeze(phase)
    c.fill(arc((-0.1, 0.0), (1.65, 1.1), -18), MUSCLE + 12)
    c.stroke(arc((-0.1, 0.0), (1.65, 1.1), -18), 0.07, 170)
    room = 1 - 0.24 * squeeze
    c.fill(arc((-0.75, 0.3), (0.78 * room, 0.36 * room), -18), FLUID, 2)
    c.fill(arc((-0.55, -0.52), (0.85 * room, 0.26 * room), -18), FLUID, 2)
    c.fill(arc((0.6, 0.52), (0.46, 0.33), -10), FLUID, 2)
    tract = smooth([(-0.5, 0.2), (0.2, -0.02), (0.75, -0.3), (1.35, -0.95)])
    c.stroke(tract, 0.5, 195)
    c.stroke(tract, 0.34 + 0.07 * squeeze, FLUID, 1)
    c.stroke(smooth([(-1.5, 0.12), (-0.5, -0.12), (0.2, -0.3)]), 0.16, 150)
    leaf = 0.03 + 0.13 * squeeze
    for side in (-1, 1):
        c.stroke(np.array([(0.28, -0.05 + 0.17 * side), (0.55, -0.18 + leaf * side)]), 0.06, 230)
    c.stroke(np.array([(0.1, 0.22), (-0.25, 0.4 - 0.15 * squeeze)]), 0.07, 210)


def _squeeze(phase: float) -> float:
    """How far the ventricles are drawn together, 0 to 1; systole is the first third of a beat."""
    if phase < 0.38:
        return float(np.sin(np.pi * phase / 0.76))
    return float(max(0.0, 1 - (phase - 0.38) / 0.3))


def _turned(points: Points) -> Points:
    """Heart axis to screen: apex up and to the left."""
    cos, sin = np.cos(np.radians(42)), np.sin(np.radians(42))
    turned: Points = points @ np.array([[cos, sin], [-sin, cos]]) - np.array([0.15, 0.1])
    return turned


def _chest(c: Sketch) -> None:
    c.fill(arc((0, 0), (2.75, 2.45)), TISSUE)
    c.fill(arc((0, 0), (2.45, 2.15)), TISSUE + 12)
    c.stroke(arc((0, 0), (2.75, 2.45)), 0.12, 160, 14)
    for span in ((110, 165), (15, 70), (-70, -25), (-160, -115)):
        c.stroke(arc((0, 0), (2.52, 2.22), 0, span), 0.18, 225, 75)
    for x, y in ((0.0, 1.72), (-0.26, 2.08), (0.26, 2.08)):
        c.dot(x, y, 0.16, BONE, 170)
    c.dot(0.42, 1.42, 0.2, 175, 8)
    c.dot(0.42, 1.42, 0.14, FLUID, 1)
