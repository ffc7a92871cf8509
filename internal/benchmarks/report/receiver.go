package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
)

// receive listens, says where, and at the end of the connection how many
// records came and how many different ids they had. It looks at each record's
// id, as a receiver has to that drops repeats.
func receive(_ io.Reader, out io.Writer) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return // the parent sees the end of the pipe
	}
	defer l.Close()
	fmt.Fprintln(out, l.Addr())
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	records, seen := 0, make(map[[36]byte]struct{}, throughputRecords)
	r := bufio.NewReaderSize(conn, 1<<20)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			break
		}
		records++
		if i := bytes.Index(line, []byte(`"log_id":"`)); i >= 0 && len(line) >= i+10+36 {
			seen[[36]byte(line[i+10:])] = struct{}{}
		}
		if records%throughputRecords == 0 {
			fmt.Fprintln(out, records, len(seen))
		}
	}
}
