// The indexer: takes product texts, splits and sorts their words, and packs what it found. Busy a fifth of the time.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"time"
)

type posting struct {
	Word     string `json:"word"`
	Products []int  `json:"products"`
}

func makeTexts(products int) []string {
	texts := make([]string, products)
	for i := range texts {
		var text strings.Builder
		for w := 0; w < 30; w++ {
			fmt.Fprintf(&text, "word%d ", rand.Intn(4000))
		}
		texts[i] = text.String()
	}
	return texts
}

func invertIndex(texts []string) []posting {
	products := map[string][]int{}
	for product, text := range texts {
		for _, word := range strings.Fields(text) {
			products[word] = append(products[word], product)
		}
	}
	postings := make([]posting, 0, len(products))
	for word, found := range products {
		postings = append(postings, posting{word, found})
	}
	sort.Slice(postings, func(a, b int) bool { return postings[a].Word < postings[b].Word })
	return postings
}

func packIndex(postings []posting) int {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if err := json.NewEncoder(writer).Encode(postings); err != nil {
		panic(err)
	}
	writer.Close()
	return packed.Len()
}

func main() {
	texts := makeTexts(2000)
	for {
		begin := time.Now()
		packIndex(invertIndex(texts))
		time.Sleep(4 * time.Since(begin))
	}
}
