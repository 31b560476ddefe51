"""How figures are saved: picture and data side by side, the same each time."""

import pytest
from matplotlib.figure import Figure as Canvas

from usummary.comparing.figure import Figure, save_figure
from usummary.errors import ExportError, SettingsError


def drawn() -> Figure:
    canvas = Canvas(figsize=(2, 1))
    canvas.subplots().plot([0, 1], [1, 0])
    return Figure(canvas, ("name", "value"), (("a, b", 1 / 3), ("c", 2)))


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "PNG"])
def test_a_figure_is_saved_with_its_data_and_without_a_date(tmp_path, ending) -> None:
    first = save_figure(tmp_path / f"one.{ending}", drawn())
    assert first == (tmp_path / f"one.{ending}", tmp_path / "one.csv")
    assert first[1].read_text(encoding="utf-8") == 'name,value\n"a, b",0.333333\nc,2\n'
    again, _ = save_figure(tmp_path / f"two.{ending}", drawn())
    data = again.read_bytes()
    assert data == first[0].read_bytes()
    assert b"<dc:date>" not in data
    assert b"CreationDate" not in data
    start = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending.lower()]
    assert data.startswith(start)


def test_other_endings_and_places_are_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"one.jpg: a figure's file ends in .svg, .png, .pdf"):
        save_figure(tmp_path / "one.jpg", drawn())
    (tmp_path / "file").touch()
    with pytest.raises(ExportError):
        save_figure(tmp_path / "file" / "one.svg", drawn())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_raster_has_two_hundred_dots_an_inch(tmp_path) -> None:
    from PIL import Image

    picture, _ = save_figure(tmp_path / "one.png", drawn())
    with Image.open(picture) as image:
        assert image.size == (400, 200)


def test_words_in_a_drawing_stay_words(tmp_path) -> None:
    canvas = Canvas(figsize=(2, 1))
    canvas.text(0.1, 0.5, "12 $ or 13 $")
    picture, _ = save_figure(tmp_path / "one.svg", Figure(canvas, (), ()))
    assert "12 $ or 13 $" in picture.read_text(encoding="utf-8")
