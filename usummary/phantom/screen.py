"""The simulated scanner's screen: the texts, bars and rulers around the sector, and calipers in it.

Pictures here are I420: one uint8 array (3 H / 2, W), luma above, then both chroma planes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from usummary.phantom.planes import Caliper, Plane
from usummary.phantom.scanner import Fan, FetalLie
from usummary.types import Box, Picture

_HOSPITALS = ("Riverbend Women's Hospital", "Northmoor General", "Saltmarsh Maternity Unit")
_NAMES = ("SAMPLE, ADA", "EXAMPLE, MARIE", "MUSTER, ERIKA", "SPECIMEN, ROSA")
_YELLOW = (236, 214, 60)
_LABELS = {"Brain (Cb.)": "TRANS CEREBELLUM", "Brain (Tv.)": "HEAD", "Abdominal": "ABDOMEN"}


@dataclass(frozen=True, slots=True)
class MadeUpPatient:
    """Made-up identity burned into the screen.

    Attributes:
        hospital, name, identifier: Texts; each names itself simulated or is plainly made up.
        begun: Date and time of the exam's start.
        age_days: Gestational age.
    """

    hospital: str
    name: str
    identifier: str
    begun: dt.datetime
    age_days: int

    @classmethod
    def made_up(cls, seed: int) -> MadeUpPatient:
        """An identity that follows from the seed."""
        rng = np.random.default_rng(seed + 2)
        day = dt.datetime(2024, 1, 8, 8, 30) + dt.timedelta(
            days=int(rng.integers(0, 500)), seconds=int(rng.integers(0, 25_000))
        )
        return cls(
            hospital=str(rng.choice(_HOSPITALS)),
            name=str(rng.choice(_NAMES)),
            identifier=f"SIM-{rng.integers(0, 10_000):04d}-{rng.integers(0, 100):02d}",
            begun=day,
            age_days=int(rng.integers(133, 154)),
        )


class Screen:
    """Draws everything that is not ultrasound."""

    def __init__(self, width: int, height: int, fan: Fan, patient: MadeUpPatient) -> None:
        self.width, self.height, self.fan, self.patient = width, height, fan, patient
        self._unit = min(width / 1280, height / 720)
        self._fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}

    def draw(self, plane: Plane, *, frozen: bool, results: tuple[str, ...] = ()) -> Picture:
        """The screen (3 H / 2, W) without sector and clock.

        Args:
            plane: Decides the preset, the depth and, when frozen, the label.
            frozen: A freeze is on.
            results: Measurement lines to show.
        """
        image = Image.new("RGB", (self.width, self.height))
        pen = ImageDraw.Draw(image)
        self._bar(pen, plane)
        self._preset(pen, plane)
        self._rulers(pen, plane)
        bottom = self.height / self._unit
        self._text(pen, 16, bottom - 30, "SIMULATED - NO PATIENT", 15, (210, 120, 60))
        if frozen:
            self._text(
                pen, 16, bottom - 96, _LABELS.get(plane.name, plane.name.upper()), 19, _YELLOW
            )
            self._text(pen, 16, bottom - 66, "FREEZE", 15, (120, 200, 230))
        right = self.width / self._unit
        for line, text in enumerate(reversed(results)):
            self._text(pen, right - 164, bottom - 34 - 24 * line, text, 17, _YELLOW)
        picture: Picture = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2YUV_I420).astype(
            np.uint8, copy=False
        )
        return picture

    def clock(self, time_s: float) -> tuple[Box, Picture]:
        """Date and time as luma, and where it goes."""
        now = self.patient.begun + dt.timedelta(seconds=time_s)
        unit = self._unit
        x1, y1 = self.width - round(8 * unit), max(4, round(26 * unit) // 2 * 2)
        box = Box((x1 - round(212 * unit)) // 2 * 2, 2, x1 // 2 * 2, y1)
        image = Image.new("L", (box.width, box.height), 48)
        text = now.strftime("%d.%m.%Y %I:%M:%S %p")
        ImageDraw.Draw(image).text((2, 1), text, 215, font=self._font(17))
        return box, np.asarray(image)

    def _font(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(max(4.0, size * self._unit))
        return self._fonts[size]

    def _text(
        self,
        pen: ImageDraw.ImageDraw,
        x: float,
        y: float,
        text: str,
        size: int,
        colour: tuple[int, int, int],
    ) -> None:
        pen.text((x * self._unit, y * self._unit), text, colour, font=self._font(size))

    def _bar(self, pen: ImageDraw.ImageDraw, plane: Plane) -> None:
        unit, right = self._unit, self.width / self._unit
        pen.rectangle((0, 0, self.width, 52 * unit), fill=(34, 38, 42))
        grey, white = (176, 182, 186), (232, 236, 238)
        self._text(pen, 14, 4, f"{self.patient.hospital} (simulated)", 16, grey)
        self._text(pen, 14, 27, f"{self.patient.name}   {self.patient.identifier}", 18, white)
        weeks, days = divmod(self.patient.age_days, 7)
        self._text(pen, 430, 27, f"GA = {weeks}w{days}d", 16, grey)
        middle = right / 2
        self._text(pen, middle - 40, 4, "C2-9 / OB", 16, grey)
        rate = 36 if plane.depth_cm > 9 else 64
        self._text(pen, middle - 40, 27, f"{plane.depth_cm:.1f}cm / 1.4 / {rate}Hz", 16, white)
        self._text(pen, right - 330, 4, "MI 0.9", 16, grey)
        self._text(pen, right - 330, 27, "TIS 0.1", 16, grey)

    def _preset(self, pen: ImageDraw.ImageDraw, plane: Plane) -> None:
        kind = "Fetal cardio" if plane.beats else "2+3 Trim."
        lines = (
            kind,
            "Har-mid",
            "Pwr 93 %",
            f"Gn {4 if plane.beats else 1}",
            "C6 / M7",
            "FF3 / E2",
            "SRI 3 / CRI 1",
        )
        for line, text in enumerate(lines):
            self._text(
                pen, self.width / self._unit - 124, 66 + 20 * line, text, 15, (150, 170, 200)
            )

    def _rulers(self, pen: ImageDraw.ImageDraw, plane: Plane) -> None:
        unit, box = self._unit, self.fan.box
        for step in range(128):
            y = (70 + 1.4 * step) * unit
            shade = 255 - 2 * step
            pen.rectangle((18 * unit, y, 32 * unit, y + 1.4 * unit), fill=(shade, shade, shade))
        x = box.x1 + 26 * unit
        face = self.fan.apex[1] + self.fan.inner
        for tick in range(int(plane.depth_cm) + 1):
            y = face + tick * self.fan.depth / plane.depth_cm
            long = 12 if tick % 5 == 0 else 5
            pen.line(
                (x, y, x + long * unit, y), fill=(200, 200, 200), width=max(1, round(1.5 * unit))
            )
        focus = face + 0.55 * self.fan.depth
        tip = x - 4 * unit
        pen.polygon(
            ((tip, focus), (tip - 9 * unit, focus - 6 * unit), (tip - 9 * unit, focus + 6 * unit)),
            fill=(230, 200, 60),
        )
        mark = (box.x0 + 0.26 * box.width, 66 * unit)
        pen.ellipse(
            (*mark, mark[0] + 14 * unit, mark[1] + 14 * unit), outline=(60, 220, 90), width=2
        )


def measured(caliper: Caliper, depth_cm: float, view: FetalLie) -> str:
    """The line of text for a caliper, from where it lies on the picture."""
    length = float(np.hypot(*np.subtract(caliper.end, caliper.start))) * view.zoom
    if caliper.shape == "line":
        return f"{caliper.label}  {length:.2f} cm"
    long, short = length / 2, length / 2 * caliper.flatness
    around = np.pi * (3 * (long + short) - np.sqrt((3 * long + short) * (long + 3 * short)))
    return f"{caliper.label}  {around:.2f} cm"


def draw_caliper(
    picture: Picture, caliper: Caliper, plane: Plane, fan: Fan, view: FetalLie, *, whole: bool
) -> None:
    """Draw crosses, and with `whole` also the dotted line between them, into an I420 picture."""
    matrix = view.matrix()

    def pixel(x: float, y: float) -> tuple[float, float]:
        place = matrix @ (np.array([x, y]) / plane.depth_cm) + (view.x, view.y)
        return fan.on_picture(float(place[0]), float(place[1]))

    unit = fan.depth / 580
    for end in (caliper.start, caliper.end) if whole else (caliper.start,):
        x, y = pixel(*end)
        arm = max(2.0, 7 * unit)
        steps = np.linspace(-arm, arm, max(5, round(4 * arm)))
        _dots(picture, [(x + s, y) for s in steps] + [(x, y + s) for s in steps], 1)
    if whole:
        _dots(
            picture, [pixel(*point) for point in _track(caliper, unit)], max(1, round(1.6 * unit))
        )


def _track(caliper: Caliper, unit: float) -> list[tuple[float, float]]:
    start, end = np.array(caliper.start), np.array(caliper.end)
    length = float(np.hypot(*(end - start)))
    if caliper.shape == "line":
        count = max(3, int(length * 7))
        return [tuple(start + (end - start) * share) for share in np.linspace(0, 1, count)]
    middle, half = (start + end) / 2, (end - start) / 2
    other = np.array([-half[1], half[0]]) * caliper.flatness
    angles = np.linspace(0, 2 * np.pi, int(length * 16), endpoint=False)
    return [tuple(middle + half * np.cos(a) + other * np.sin(a)) for a in angles]


def _dots(picture: Picture, points: list[tuple[float, float]], size: int) -> None:
    height = picture.shape[0] * 2 // 3
    width = picture.shape[1]
    for x, y in points:
        column, row = round(x), round(y)
        if 0 <= column < width - size and 0 <= row < height - size:
            picture[row : row + size, column : column + size] = 200
            for plane, value in zip(chroma(picture), (58, 152), strict=True):
                plane[row // 2, column // 2] = value


def chroma(picture: Picture) -> tuple[Picture, Picture]:
    """Both chroma planes (H / 2, W / 2) of an I420 picture, as views."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    flat = picture.reshape(-1)
    size = height * width
    shape = (height // 2, width // 2)
    return (
        flat[size : size + size // 4].reshape(shape),
        flat[size + size // 4 :].reshape(shape),
    )
