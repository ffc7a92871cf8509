package config_test

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/tcp"
)

// ownSchemes are those of a program that links two transports and not all of
// them.
func ownSchemes() config.Schemes {
	return config.Schemes{
		"stderr": config.SchemeOf(func(*console.Destination, *url.URL) error { return nil }),
		"tcp":    config.SchemeOf(func(d *tcp.Destination, u *url.URL) error { d.Addr = u.Host; return nil }),
	}
}

func Example() {
	const file = `
logging:
  routes:
    - environment: development
      output: stderr
    - environment: production
      levels: [WARN, ERROR]
      match: {tenant: [eu, us]}
      output: tcp://logs.internal:5170?framing=octet_counted
`
	cfg, err := config.Parse("logging.yaml", []byte(file), &config.Options{Schemes: ownSchemes()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Environments())
	routes, err := cfg.Routes("production")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range routes {
		to := r.To.(tcp.Destination)
		fmt.Println(r.Name, r.Levels, r.Match, to.Addr, to.Framing)
	}
	// Output:
	// [development production]
	// production-tcp-logs-internal-5170 WARN,ERROR tenant in ["eu", "us"] logs.internal:5170 OctetCounted
}

// All that is wrong with a file comes at once.
func ExampleErrors() {
	const file = `
logging:
  routes:
    - output: tcp://logs.internal:5170?framming=newline
      levels: [WARN, EROR]
      send_timeout: 30
`
	_, err := config.Parse("logging.yaml", []byte(file), &config.Options{Schemes: ownSchemes()})
	if errs, ok := errors.AsType[config.Errors](err); ok {
		for _, e := range errs {
			fmt.Println(e.Line, e.Key, "|", e.Near)
		}
	}
	// Output:
	// 4 logging.routes[0].output?framming | framing
	// 5 logging.routes[0].levels[1] | ERROR
	// 6 logging.routes[0].send_timeout |
}
