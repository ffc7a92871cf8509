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
)

// group is rows that are measured together.
type group struct {
	name    string
	measure func() ([]row, error)
}

const rounds = 51

func groups() []group {
	return []group{
		{"calls", func() ([]row, error) { return handlers(rounds) }},
		{"paced", func() ([]row, error) { return paced(2000) }},
		{"enabled", func() ([]row, error) { return enabled(rounds) }},
		{"stores", func() ([]row, error) { return stores(rounds) }},
		{"encoders", func() ([]row, error) { return encoders(rounds) }},
		{"idle", idle},
		{"throughput", throughput},
		{"disk", healthyDisk},
		{"distant", func() ([]row, error) { return distant(40) }},
		{"outage", func() ([]row, error) { return outage(outageTime) }},
	}
}

// chosen returns the groups of these names, all if there are none.
func chosen(names []string) ([]group, error) {
	all := groups()
	if len(names) == 0 {
		return all, nil
	}
	var out []group
	for _, name := range names {
		i := slices.IndexFunc(all, func(g group) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no group %q; there are calls, paced, enabled, stores, encoders, idle, throughput, disk, distant and outage", name)
		}
		out = append(out, all[i])
	}
	return out, nil
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
	wanted, err := chosen(flag.Args())
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
