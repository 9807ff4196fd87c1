// Go: goroutines, a sort, maps, JSON, recursion.
package main

import (
	"encoding/json"
	"fmt"
	"sort"
)

//go:noinline
func recurse(depth int) int {
	if depth == 0 {
		sum := 0
		for i := 0; i < 20000; i++ {
			sum += i * i % 7
		}
		return sum
	}
	return recurse(depth-1) + 1
}

func work() {
	for {
		numbers := make([]int, 2000)
		for i := range numbers {
			numbers[i] = (i * 7919) % 5003
		}
		sort.Ints(numbers)
		named := map[string]int{}
		for i := 0; i < 300; i++ {
			named[fmt.Sprint(i)] = i
		}
		json.Marshal(named)
		recurse(30)
	}
}

func main() {
	go work()
	work()
}
