#include <stdio.h>
#include <stdlib.h>

int add(int, int);

int main(int count, char **words)
{
    int sum = 0;
    for (int i = 1; i < count; i++)
        sum = add(sum, atoi(words[i]));
    printf("%d (built %s)\n", sum, sizeof(void *) == 8 ? "64 bit" : "32 bit");
    return 0;
}
