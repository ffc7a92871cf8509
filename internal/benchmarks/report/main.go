// Command report measures the budgets of DESIGN §6, prints each beside its
// limit, one a line, and exits 1 if one is missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
)

// group is rows that are measured together.
type group func() ([]row, error)

const rounds = 51

func groups() []group {
	return []group{
		func() ([]row, error) { return handlers(rounds) },
		func() ([]row, error) { return paced(2000) },
		func() ([]row, error) { return enabled(rounds) },
		func() ([]row, error) { return stores(rounds) },
		func() ([]row, error) { return encoders(rounds) },
		idle, throughput, healthyDisk,
		func() ([]row, error) { return distant(40) },
		func() ([]row, error) { return outage(outageTime) },
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == childArg {
		child(os.Args[2])
		return
	}
	flag.Parse() // VictoriaMetrics' packages insist on it
	fmt.Printf("%s %s/%s, %d cores\n\n| what | measured | budget | | |\n|---|---|---|---|---|\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	missed := 0
	for _, g := range groups() {
		rows, err := g()
		if err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(2)
		}
		for _, r := range rows {
			fmt.Println(r)
			if !r.ok() {
				missed++
			}
		}
	}
	fmt.Printf("\n%d missed\n", missed)
	if missed > 0 {
		os.Exit(1)
	}
}
