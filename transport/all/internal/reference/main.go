// The command reference writes the page and the JSON Schema of configuration
// files, route/config/REFERENCE.md and route/config/schema.json. It is here
// because only here all destinations are known. Run it by go generate in
// transport/all.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slogship/slogship/transport/all"
)

// repository is seen from transport/all, where go generate runs.
const repository = "../.."

func main() {
	if err := generate(repository); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func generate(root string) error {
	m, err := newModel(root, all.Schemes())
	if err != nil {
		return err
	}
	schema, err := m.schema()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(root, "route", "config", "REFERENCE.md"), []byte(m.page()), 0o644),
		os.WriteFile(filepath.Join(root, "route", "config", "schema.json"), schema, 0o644),
	)
}
