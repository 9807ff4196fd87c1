// Goroutines that wait for channels, a connection, a mutex and a clock; once all do, it says so.
package main

import (
	"fmt"
	"net"
	"sync"
	"time"
)

//go:noinline
func waitInChannel(c chan int) int { return <-c }

//go:noinline
func waitInSelect(c, d chan int) int {
	select {
	case v := <-c:
		return v
	case v := <-d:
		return v
	}
}

//go:noinline
func waitInRead(conn net.Conn) int {
	buffer := make([]byte, 10)
	n, _ := conn.Read(buffer)
	return n
}

//go:noinline
func waitInSleep() { time.Sleep(time.Hour) }

//go:noinline
func waitInLock(lock *sync.Mutex) { lock.Lock() }

func main() {
	c, d := make(chan int), make(chan int)
	var lock sync.Mutex
	lock.Lock()
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	conn, _ := net.Dial("tcp", listener.Addr().String())
	for place := 0; place < 3; place++ {
		go waitInChannel(c)
	}
	go waitInSelect(c, d)
	go waitInRead(conn)
	go waitInSleep()
	go waitInLock(&lock)
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	listener.Accept()
	listener.Accept()
}
