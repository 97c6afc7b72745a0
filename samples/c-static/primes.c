/* Prints the primes up to a number: enough work for a compiler, little enough to read. */
#include <stdio.h>
#include <stdlib.h>

static int is_prime(long n)
{
    for (long d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return n > 1;
}

int main(int argc, char **argv)
{
    char *end;
    long most = argc == 2 ? strtol(argv[1], &end, 10) : -1;

    if (argc != 2 || *end != '\0' || most < 0) {
        fprintf(stderr, "usage: %s NUMBER\n", argv[0]);
        return 2;
    }
    for (long n = 2; n <= most; n++)
        if (is_prime(n))
            printf("%ld\n", n);
    return 0;
}
