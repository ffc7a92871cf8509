package buffer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// crashRows are the points at which T2 kills, by the sort of life that passes
// them: crashpoint_test.go has a test for each sort. The table stands apart
// from it so that an ordinary run, without the build tag, checks it.
var crashRows = map[string][]string{
	// an ordinary life: append, rotate, read, acknowledge, remove
	"life": {
		"claimed", "before-commit", "committed", "before-seal", "sealed",
		"segment-tmp-created", "segment-allocated", "segment-zeroed", "segment-headed", "segment-renamed", "segment-created",
		"cursor-created", "cursor-opened", "cursor-saved", "acked", "unmapped", "before-unlink", "segment-unlinked",
		"segment-scanned", "before-discard",
	},
	// the same where appends wait for a sync, or for a write
	"power":   {"synced"},
	"written": {"written"},
	// syncs that fail, so that records are written again elsewhere
	"rescue": {"rescued"},
	// a cap that is soon reached, with Keep
	"drop": {"loss-saved", "compacted", "rewrite-begun", "rewrite-filled", "rewrite-renamed", "segment-unlinked"},
	// somebody else's directory
	"adopt":  {"adopting", "adopted"},
	"ledger": {"ledger-taken"},
	// a consumer that reports losses
	"report": {"loss-frozen"},
	// a file that says nothing
	"quarantine": {"before-quarantine", "quarantined"},
	// a directory that gets another name
	"move": {"before-move", "moved", "move-synced"},
}

// TestCrashPointsCovered: each crash point of the sources has a row, each row a
// point, and there are at least the 20 that T2 asks for.
func TestCrashPointsCovered(t *testing.T) {
	points := crashCalls(t)
	rows := map[string]bool{}
	for _, name := range slices.Concat(slices.Collect(maps.Values(crashRows))...) {
		rows[name] = true
		if points[name] == "" {
			t.Errorf("a row for %q, which no code passes", name)
		}
	}
	for name, at := range points {
		if !rows[name] {
			t.Errorf("%s: no row for the crash point %q", at, name)
		}
	}
	if len(rows) < 20 {
		t.Errorf("%d crash points", len(rows))
	}
}

// crashCalls finds the calls of crash in this package's sources.
func crashCalls(t *testing.T) map[string]string {
	t.Helper()
	points := map[string]string{}
	set := token.NewFileSet()
	for _, name := range must(fs.Glob(os.DirFS("."), "*.go")) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(must(parser.ParseFile(set, name, nil, parser.SkipObjectResolution)), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "crash" {
				return true
			}
			at := set.Position(call.Pos()).String()
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the name of a crash point must be a literal", at)
				return true
			}
			points[must(strconv.Unquote(lit.Value))] = at
			return true
		})
	}
	return points
}
