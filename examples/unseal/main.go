// Command unseal opens the sealed values in log files, for people:
//
//	go run ./examples/unseal -key log.keys shop.log      # files, or standard input
//	kubectl logs shop | go run ./examples/unseal -key log.keys | jq .user.email
//	(umask 077; go run ./examples/unseal -new 2026-11 > log.keys)    # make a key
//
// Lines of JSON stay JSON: a sealed number is a number again. In other lines a
// value is text, in quotes if it has to be. What the keys cannot open stays,
// with a mark before it (!UNKNOWN_KEY, !WRONG_KEY, !TAMPERED, !TRUNCATED, !MOVED,
// !NEWER_VERSION); grep slogseal finds it. The counts go to standard error. The exit status is 0
// if every value was opened, 1 if some were not, 2 if something failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/slogship/slogship/crypto"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const usage = `usage: unseal -key FILE [-service NAME | -places] [FILE…]
       unseal -new ID
`

// run is the command; its result is the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	flags := flag.NewFlagSet("unseal", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, usage); flags.PrintDefaults() }
	keyFile := flags.String("key", "", "`file` of keys, one a line: an id, a space, 32 bytes in base64")
	newID := flags.String("new", "", "make a key with this `id` and print it as a line of a key file")
	places := flags.Bool("places", false, "mark values that do not stand where they were sealed; for slogship's own JSON lines")
	service := flags.String("service", "", "the `name` of the service that has to have sealed the values; implies -places")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *newID != "" {
		return makeKey(*newID, out, errs)
	}
	if *keyFile == "" {
		flags.Usage()
		return 2
	}
	ring, err := crypto.LoadKeyring(ctx, crypto.FileSource(*keyFile, func(err error) { fmt.Fprintln(errs, "warning:", err) }))
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	var options crypto.OpenerOptions
	if *places || *service != "" {
		options.Layout = &crypto.Layout{Service: *service}
	}
	return unseal(ctx, crypto.NewOpener(ring, &options), flags.Args(), in, out, errs)
}

// makeKey prints a new key.
func makeKey(id string, out, errs io.Writer) int {
	k, err := crypto.GenerateKey(id)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if _, err := fmt.Fprintln(out, k.Text()); err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	return 0
}

// unseal opens each file, or in if there is none. A file that cannot be read
// does not keep the others from being opened.
func unseal(ctx context.Context, o *crypto.Opener, files []string, in io.Reader, out, errs io.Writer) (status int) {
	if len(files) == 0 {
		return stream(ctx, o, "standard input", in, out, errs)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			fmt.Fprintln(errs, err)
			status = 2
			continue
		}
		status = max(status, stream(ctx, o, name, f, out, errs))
		f.Close() // read only: nothing can be lost
	}
	return status
}

// stream opens one stream and says what became of its values.
func stream(ctx context.Context, o *crypto.Opener, name string, in io.Reader, out, errs io.Writer) int {
	r := o.NewReader(ctx, in)
	_, err := io.Copy(out, r)
	c := r.Counts()
	fmt.Fprintf(errs, "%s: opened %d", name, c.Opened)
	for _, part := range []struct {
		what string
		n    uint64
	}{
		{"moved", c.Moved}, {"tampered", c.Tampered}, {"truncated", c.Truncated}, {"of unknown keys", c.UnknownKey}, {"of another key", c.WrongKey},
		{"without an answer of their key service", c.Unavailable}, {"of a newer version", c.Version}, {"lines too long", c.LongLines},
	} {
		if part.n > 0 {
			fmt.Fprintf(errs, ", %s %d", part.what, part.n)
		}
	}
	fmt.Fprintln(errs)
	switch {
	case err != nil:
		fmt.Fprintln(errs, err)
		return 2
	case c.Failed() > 0 || c.LongLines > 0:
		return 1
	}
	return 0
}
