"""Prints the words of a file, sorted by length."""

import sys


def words(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return sorted(
            {word for line in file for word in line.split()}, key=lambda one: (len(one), one)
        )


if __name__ == "__main__":
    print("\n".join(words(sys.argv[1])))
