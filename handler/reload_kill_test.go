package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// renamedName is the other name of the route in TestReloadKilled.
const renamedName = "renamed"

// TestReloadKilled is T1 for Reload: children log from eight goroutines while
// their routes change without a pause, destinations and names; each is killed at
// a random moment. Under whichever name the directory is then, the next process
// goes on with it: what returned has arrived, and what came twice is at most a
// batch for each kill.
func TestReloadKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories with open files keep their names: see Reload")
	}
	for _, mode := range []string{"mapped", "written"} {
		t.Run(mode, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, 0))
			w := tally{returned: map[uint64]bool{}, delivered: map[uint64]int{}}
			dir := t.TempDir()
			lives := share(4, 200)
			for life := 0; life < lives || len(w.returned) == 0 && life < 10*lives; life++ {
				w.reload(t, dir, mode, life, slower(time.Duration(10+rng.IntN(60))*time.Millisecond, life, lives))
			}
			w.collect(t, dir, mode)
			w.check(t)
			t.Logf("%d kills, %d records returned, lost %d, twice %d", w.kills, len(w.returned), w.lost, w.twice)
			if len(w.returned) == 0 {
				t.Error("no call returned before any kill: the test shows nothing")
			}
		})
	}
}

// reload runs one child to its death.
func (w *tally) reload(t *testing.T, dir, mode string, life int, after time.Duration) {
	child := childProcess("reload", dir, mode, strconv.Itoa(life))
	lines := started(t, child)
	kill := time.AfterFunc(after, func() { _ = child.Process.Kill() }) // the random moment itself
	defer kill.Stop()
	w.listen(lines)
	_ = child.Wait()
	if child.ProcessState.ExitCode() > 1 { // killed: -1
		t.Fatalf("the child ended by itself: %v", child.ProcessState)
	}
	w.kills++
}

// reloadForEver is the child.
func reloadForEver(dir string) {
	life, _ := strconv.ParseUint(os.Getenv(envArg), 10, 64)
	away := memory.New()
	away.Fail(errors.New("away"))
	there := receiver(func(numbers []uint64, wrong error) {
		if wrong != nil {
			fmt.Fprintln(os.Stderr, wrong)
			os.Exit(6)
		}
		say(os.Stdout, "delivered", numbers...)
	})
	say(os.Stdout, "started")
	h, err := handler.NewOn(fileSystem(os.Getenv(envMode)), killRoutes(there), killOptions(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	var group sync.WaitGroup
	for p := range uint64(8) {
		group.Go(func() {
			for n := life<<40 | p<<32; ; n++ {
				if h.Log(context.Background(), slog.LevelInfo, nameOf(n), padOf(n)) == nil {
					say(os.Stdout, "returned", n)
				}
			}
		})
	}
	for i := 0; ; i++ {
		name, rename := "test", map[string]string{renamedName: "test"}
		if i%2 == 0 {
			name, rename = renamedName, map[string]string{"test": renamedName}
		}
		var to transport.Destination = there
		if i%3 == 0 {
			to = away
		}
		if err := h.Reload([]route.Route{{Name: name, To: to, Batch: route.Batch{MaxRecords: killBatch}}}, rename); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
	}
}
