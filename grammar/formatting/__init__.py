"""The parts of the formatter: what may be changed, how an instruction is laid out, what stands between instructions."""
