// Goroutines that call, recurse, sort, allocate and are preempted, for ever.
package main

import (
	"encoding/json"
	"fmt"
	"sort"
)

type record struct {
	Number int
	Words  []string
}

//go:noinline
func burn(rounds int) int {
	sum := 0
	for i := 0; i < rounds; i++ {
		sum += i * i % 7
	}
	return sum
}

//go:noinline
func recurse(depth int) int {
	if depth == 0 {
		return burn(500)
	}
	return recurse(depth-1) + 1
}

func work(number int) {
	for {
		recurse(30)
		var back record
		text, _ := json.Marshal(record{number, []string{"one", "two"}})
		json.Unmarshal(text, &back)
		numbers := make([]int, 300)
		for i := range numbers {
			numbers[i] = i * 7919 % 1000
		}
		sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
		counts := map[string]int{}
		for i := 0; i < 100; i++ {
			counts[fmt.Sprint(i, back)] = i
		}
	}
}

func main() {
	fmt.Println("running")
	go work(1)
	work(2)
}
