"""Perturbation: everything around a build that must not matter, made different on purpose."""
