// Go's crypto/tls as a server or a client: peer server PORT CERT KEY, or peer client PORT.
package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"os"
	"time"
)

func suites() []uint16 {
	var ids []uint16
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, suite.ID)
	}
	return ids
}

func config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS10,
		MaxVersion:         tls.VersionTLS12,
		CipherSuites:       suites(),
		InsecureSkipVerify: true,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
}

func talk(connection *tls.Conn) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if err := connection.Handshake(); err != nil {
		log.Print(err)
		return
	}
	io.Copy(io.Discard, connection)
}

func main() {
	address := net.JoinHostPort("127.0.0.1", os.Args[2])
	chosen := config()
	if os.Args[1] == "server" {
		pair, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
		if err != nil {
			log.Fatal(err)
		}
		chosen.Certificates = []tls.Certificate{pair}
		listening, err := net.Listen("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		for {
			accepted, err := listening.Accept()
			if err != nil {
				log.Fatal(err)
			}
			go talk(tls.Server(accepted, chosen))
		}
	}
	chosen.ServerName = "localhost"
	for {
		socket, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		talk(tls.Client(socket, chosen))
	}
}
