// The shoppers: five clients of the product service who mostly look at products and now and then search.
package main

import (
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"time"
)

func visit(client *http.Client, page string) {
	answer, err := client.Get("http://127.0.0.1:8000" + page)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
}

func shop() {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	for {
		visit(client, "/products/search?q=wireless")
		for look := 0; look < 3; look++ {
			visit(client, fmt.Sprintf("/products/%d", 1+rand.Intn(40000)))
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	for shopper := 0; shopper < 4; shopper++ {
		go shop()
	}
	shop()
}
