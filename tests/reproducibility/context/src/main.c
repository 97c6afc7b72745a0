#include <stdio.h>
#include "util.h"

int main(void)
{
    printf("%s: %d\n", __FILE__, twice(21));
    return 0;
}
