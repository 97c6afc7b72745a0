"""Tree to plan: stages, scopes, steps and their keys; asks the world only through protocols."""
