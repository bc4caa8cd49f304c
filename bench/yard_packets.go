// SPDX-License-Identifier: MIT

// The rival: datagrams echoed by Go, as its net package has it: one goroutine, a
// call for each message received and for each that is sent, and no allocation.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func main() {
	port := flag.Int("port", 0, "of 127.0.0.1; 0 takes a free one")
	flag.Parse()
	socket, err := net.ListenUDP("udp4",
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port})
	check(err)
	fmt.Println("READY", socket.LocalAddr().(*net.UDPAddr).Port)
	room := make([]byte, 2048)
	for {
		got, from, err := socket.ReadFromUDPAddrPort(room)
		check(err)
		_, err = socket.WriteToUDPAddrPort(room[:got], from)
		check(err)
	}
}
