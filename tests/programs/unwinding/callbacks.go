// Go that calls C, which calls Go again, for ever.
package main

/*
#include <stdlib.h>

extern int callOfGo(int);

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static long sorting(int rounds)
{
    int numbers[500];
    long sum = 0;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 500; i++)
            numbers[i] = (i * 7919 + round) % 1009;
        qsort(numbers, 500, sizeof(int), compare);
        sum += numbers[3];
    }
    return sum;
}

static int thereAndBack(int number)
{
    return callOfGo(number) + 1;
}
*/
import "C"

import "fmt"

//export callOfGo
func callOfGo(number C.int) C.int {
	sum := 0
	for i := 0; i < 5000; i++ {
		sum += len(fmt.Sprint(i % 10))
	}
	return C.int(sum) + number
}

func main() {
	fmt.Println("running")
	for {
		C.sorting(20)
		C.thereAndBack(2)
	}
}
