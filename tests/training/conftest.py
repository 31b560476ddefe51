import pytest

from usummary.readers.find_exams import find_exams
from usummary.settings import Settings
from usummary.training.judging.exams import read_exam


@pytest.fixture(scope="session")
def exam(composed, backbone):
    """The composed test recording, read with the tiny backbone."""
    (path,) = find_exams(composed["test"])
    return read_exam(path, backbone, Settings(device="cpu"))
