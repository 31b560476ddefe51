import pytest

from tests.training.made_data import make_data, write_backbone
from usummary.readers.find_exams import find_exams
from usummary.settings import Settings
from usummary.training.composing.collection import CollectionPlan, compose_all
from usummary.training.judging.exams import read_exam


@pytest.fixture(scope="session")
def made_data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def backbone(tmp_path_factory):
    """A tiny backbone in a folder of models."""
    return write_backbone(tmp_path_factory.mktemp("models") / "eye")


@pytest.fixture(scope="session")
def composed(made_data, tmp_path_factory):
    """Folders of composed recordings of half a minute, by part of the split: do not write there."""
    folder = tmp_path_factory.mktemp("composed")
    for part in ("train", "test"):
        plan = CollectionPlan(made_data, part, freezes="show", fps=10)
        list(compose_all(plan, folder / part, lambda *_: None))
    return {part: folder / part for part in ("train", "test")}


@pytest.fixture(scope="session")
def exam(composed, backbone):
    """The composed test recording, read with the tiny backbone."""
    (path,) = find_exams(composed["test"])
    return read_exam(path, backbone, Settings(device="cpu"))
