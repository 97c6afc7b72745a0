#include <cstdio>

extern "C" unsigned long squeezed(const char *);

int main(int count, char **words)
{
    std::printf("%s\n", count > 1 && squeezed(words[1]) < 100 ? "smaller" : "larger");
}
