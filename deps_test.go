package slogship_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/slogship/slogship/"

// goList runs go list and returns its lines. The files of the platform that the
// test runs on are those that are looked at.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %q: %v\n%s", args, err, stderr(err))
	}
	return strings.Fields(string(out))
}

func stderr(err error) []byte {
	if e, ok := err.(*exec.ExitError); ok {
		return e.Stderr
	}
	return nil
}

// foreign returns which of pkgs are neither of the standard library nor in this
// module, nor below one of the allowed paths. The first element of a standard
// import path has no dot.
func foreign(pkgs []string, allowed ...string) []string {
	return slices.DeleteFunc(slices.Clone(pkgs), func(p string) bool {
		first, _, _ := strings.Cut(p, "/")
		below := func(a string) bool { return p == a || strings.HasPrefix(p, a+"/") }
		return !strings.Contains(first, ".") || strings.HasPrefix(p, module) || slices.ContainsFunc(allowed, below)
	})
}

// core is what a service links with every transport: not the adapters, and not
// the reader of files, which stands above handler as a program does.
func core(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(goList(t, "./handler/...", "./route/...", "./encode/...", "./transport", "./internal/..."),
		func(p string) bool { return strings.HasPrefix(p, module+"internal/interop") || ofConfig(p) })
}

func ofConfig(p string) bool {
	return p == module+"route/config" || strings.HasPrefix(p, module+"route/config/")
}

// Who reads routes from a file links a YAML library besides the core, and no
// client of any destination: those come with the schemes that the program names.
func TestImportsOfConfig(t *testing.T) {
	pkgs := slices.DeleteFunc(goList(t, "./route/..."), func(p string) bool { return !ofConfig(p) })
	if len(pkgs) < 2 {
		t.Fatalf("only %q: the test has lost its subject", pkgs)
	}
	for _, p := range pkgs {
		deps := goList(t, "-deps", p)
		if bad := foreign(deps, "golang.org/x/sys", "go.yaml.in/yaml/v3"); len(bad) > 0 {
			t.Errorf("%s links %q", p, bad)
		}
		for _, d := range deps {
			// Dead letters are files that package file rotates, and the handler's
			// preflight shakes hands as an adapter would.
			mayLink := []string{module + "transport/file", module + "transport/tlsconfig"}
			if strings.HasPrefix(d, module+"transport/") && !slices.Contains(mayLink, d) || d == "net/http" {
				t.Errorf("%s links %s", p, d)
			}
		}
	}
}

// S33: the core has no third-party module to be vulnerable.
func TestS33_ImportsOfTheCore(t *testing.T) {
	pkgs, third := core(t), 0
	if len(pkgs) < 8 {
		t.Fatalf("only %q: the test has lost its subject", pkgs)
	}
	for _, p := range pkgs {
		if bad := foreign(goList(t, "-deps", p), "golang.org/x/sys"); len(bad) > 0 {
			third += len(bad)
			t.Errorf("%s links %q", p, bad)
		}
	}
	t.Logf("S33: %d packages of the core link %d third-party packages (golang.org/x/sys is the Go team's)", len(pkgs), third)
}

// Compression is the one thing an adapter of this module may bring along.
func TestS33_ImportsOfTheAdapters(t *testing.T) {
	for _, p := range goList(t, "./transport/...") {
		allowed := []string{"golang.org/x/sys"}
		if strings.HasPrefix(p, module+"transport/https") || strings.HasPrefix(p, module+"transport/loki") {
			allowed = append(allowed, "github.com/klauspost/compress")
		}
		if bad := foreign(goList(t, "-deps", p), allowed...); len(bad) > 0 {
			t.Errorf("%s links %q", p, bad)
		}
	}
}

func TestImportsOfTheContract(t *testing.T) {
	if slices.Contains(goList(t, "-deps", "./transport"), "net/http") {
		t.Error("transport links net/http: everyone would, who logs over TCP alone")
	}
}

// Adapters and the core know nothing of the handler; examples and tests may, and
// what stands above it, as a program does.
func TestImportsRunOneWay(t *testing.T) {
	above := []string{module + "handler/httplog", module + "route/config"}
	for _, line := range strings.Split(goListText(t, "-f", `{{.ImportPath}} {{join .Imports ","}}`, "./..."), "\n") {
		from, imports, _ := strings.Cut(line, " ")
		for _, to := range strings.Split(imports, ",") {
			if to == module+"handler" && !slices.Contains(above, from) {
				t.Errorf("%s imports handler", from)
			}
			if to == "unsafe" && from != module+"internal/buffer" {
				t.Errorf("%s imports unsafe, which internal/buffer alone may", from)
			}
		}
	}
}

func goListText(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %q: %v\n%s", args, err, stderr(err))
	}
	return strings.TrimSpace(string(out))
}

// A service that logs over TCP links the standard library and x/sys, and no
// web server.
func TestS33_LinksOfAProgramOverTCP(t *testing.T) {
	deps := goList(t, "-deps", "./handler", "./route", "./transport/tcp")
	if bad := foreign(deps, "golang.org/x/sys"); len(bad) > 0 {
		t.Errorf("it links %q", bad)
	}
	if slices.Contains(deps, "net/http") {
		t.Error("it links net/http")
	}
}

// The test's own judgement, since everything above passes if it never objects.
func TestLinksJudgement(t *testing.T) {
	got := foreign([]string{"fmt", "net/http", module + "encode", "golang.org/x/sys/unix", "golang.org/x/sysx", "google.golang.org/grpc"}, "golang.org/x/sys")
	if want := []string{"golang.org/x/sysx", "google.golang.org/grpc"}; !slices.Equal(got, want) {
		t.Errorf("foreign: %q, want %q", got, want)
	}
}

// Each client library belongs to one adapter's module, which requires none of the
// others', nor does the module that a service needs for the rest. transport/all is
// there to have them all, so no module but a program's own requires it.
func TestS33_AdaptersRequireTheirOwnClients(t *testing.T) {
	clients := map[string][]string{
		"github.com/rabbitmq/amqp091-go": {"transport/amqp"},
		"github.com/segmentio/kafka-go":  {"transport/kafka"},
		"go.opentelemetry.io/otel":       {"transport/otlp"},
		"google.golang.org/grpc":         {"transport/grpc", "transport/otlp"}, // OTLP has a form over gRPC
		"github.com/getsentry/sentry-go": {"transport/sentry"},
	}
	modules, err := filepath.Glob("transport/*/go.mod")
	if err != nil || len(modules) < 5 {
		t.Fatal(modules, err)
	}
	for _, file := range append(modules, "go.mod") {
		if filepath.ToSlash(file) == "transport/all/go.mod" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), module+"transport/all ") {
			t.Errorf("%s: requires transport/all, and so every client", file)
		}
		for client, owners := range clients {
			if owner := slices.Contains(owners, filepath.ToSlash(filepath.Dir(file))); owner != strings.Contains(string(text), client+" v") {
				t.Errorf("%s: requires %s: %v, want %v", file, client, !owner, owner)
			}
		}
	}
}
