// A known call graph: Shop.Serve > (*Cart).Price > taxOf, where nearly all of the time goes; Price is inlined into Serve.
package main

import "fmt"

type Cart struct{ prices []int }

type Shop struct{ cart Cart }

//go:noinline
func taxOf(price int) int {
	tax := price
	for round := 0; round < 4000; round++ {
		tax = (tax*1103515245 + 12345 + round) % 2147483648
	}
	return tax
}

func (cart *Cart) Price(place int) int { return taxOf(cart.prices[place]) + place }

//go:noinline
func sum[T int | int64](values []T) (total T) {
	for round := 0; round < 300; round++ {
		for _, value := range values {
			total += value ^ T(round)
		}
	}
	return total
}

//go:noinline
func (shop Shop) Serve() int {
	total := 0
	for place := range shop.cart.prices {
		total += shop.cart.Price(place)
	}
	return total + sum(shop.cart.prices)
}

func main() {
	shop := Shop{Cart{make([]int, 40)}}
	fmt.Println("ready")
	for shop.Serve() != 42 {
	}
}
