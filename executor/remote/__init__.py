"""Owns everything that is fetched from elsewhere: files over HTTP(S), git repositories, archives of contexts."""
