"""The research bench: data sets, protocols, methods, experiments, the paper's tables and figures.

`datasets` reads a benchmark file into `videos.Video`s, `protocol` scores one video as the
benchmarks do, `baselines` gives what everything is compared with, `experiment` runs what a `config`
asks for, `record` is what it leaves behind, and `tables` and `figures` render that. How it is used:
``docs/research.md``. The application never needs this package.
"""
