"""Rules of the project that a machine checks: each is a function, shown to find a fault, then run over all files."""
