// Many kinds of Go functions, for comparing names; waits until its input ends.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

type shape interface{ area() float64 }

type square struct{ side float64 }

type list[T any] struct{ items []T }

//go:noinline
func (s square) area() float64 { return s.side * s.side }

//go:noinline
func (s *square) grow(by float64) { s.side += by }

//go:noinline
func (l *list[T]) add(item T) { l.items = append(l.items, item) }

//go:noinline
func total[T shape](shapes []T) (sum float64) {
	for _, shape := range shapes {
		sum += shape.area()
	}
	return sum
}

func main() {
	one := square{float64(len(os.Args))}
	one.grow(2)
	numbers, words := list[int]{}, list[string]{}
	numbers.add(3)
	words.add(strings.Repeat("a", len(os.Args)))
	sort.Slice(numbers.items, func(i, j int) bool { return numbers.items[i] < numbers.items[j] })
	text, _ := json.Marshal(map[string]any{"words": words.items, "total": total([]square{one})})
	fmt.Println("ready", string(text))
	io.Copy(io.Discard, os.Stdin)
}
