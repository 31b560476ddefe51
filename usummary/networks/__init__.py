"""The networks, one readable file each; their weights on disk; and the runtimes that run them."""

import sys

# OpenVINO's converter reports its use over the network if its telemetry package can be imported. A
# program for hospitals sends nothing, so the import is made to fail, which OpenVINO allows for.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
