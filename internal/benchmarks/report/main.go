// Command report measures the budgets of DESIGN §6, prints each beside its
// limit, one a line, and exits 1 if one is missed. Arguments name the groups of
// rows to measure; without any, all are.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// group is rows that are measured together.
type group struct {
	name    string
	measure func() ([]row, error)
}

const rounds = 51

// size is what the rows depend on that take long.
type size struct {
	outage  time.Duration
	backlog int64
}

// usual is a fifth of DESIGN's outage and a tenth of its backlog, so that the
// report can be run often.
var (
	usual      = size{outage: 10 * time.Second, backlog: 1 << 30}
	asDesigned = size{outage: 50 * time.Second, backlog: 10 << 30}
)

func groups(s size) []group {
	return []group{
		{"calls", func() ([]row, error) { return handlers(rounds) }},
		{"paced", func() ([]row, error) { return paced(2000) }},
		{"enabled", func() ([]row, error) { return enabled(rounds) }},
		{"routing", func() ([]row, error) { return routing(rounds) }},
		{"overload", func() ([]row, error) { return overloads(rounds) }},
		{"sealing", func() ([]row, error) { return sealing(rounds) }},
		{"stores", func() ([]row, error) { return stores(rounds) }},
		{"encoders", func() ([]row, error) { return encoders(rounds) }},
		{"idle", idle},
		{"throughput", throughput},
		{"grpc", func() ([]row, error) { return grpcRows(grpcUsual) }},
		{"otlp", func() ([]row, error) { return otlpCPU(20, 5) }},
		{"disk", healthyDisk},
		{"distant", func() ([]row, error) { return distant(40) }},
		{"outage", func() ([]row, error) { return outage(s.outage) }},
		{"backlog", func() ([]row, error) { return backlog(s.backlog) }},
	}
}

// chosen returns the groups of these names, all if there are none.
func chosen(names []string, s size) ([]group, error) {
	all := groups(s)
	if len(names) == 0 {
		return all, nil
	}
	var out []group
	for _, name := range names {
		i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no group %q; there are calls, paced, enabled, routing, overload, sealing, stores, encoders, idle, throughput, grpc, otlp, disk, distant, outage and backlog", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == childArg {
		child(os.Args[2], os.Args[3])
		return
	}
	full := flag.Bool("full", false, "an outage of 50 s and a backlog of 10 GiB, as DESIGN §6 has them: four minutes, 24 GiB of disk")
	flag.Parse()
	size := usual
	if *full {
		size = asDesigned
	}
	fmt.Printf("%s %s/%s, %d cores\n\n| what | measured | budget | | |\n|---|---|---|---|---|\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	missed := 0
	wanted, err := chosen(flag.Args(), size)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	for _, g := range wanted {
		rows, err := g.measure()
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
