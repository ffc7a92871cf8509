package config_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/relp"
)

// groupSchemes are groups of relp.
func groupSchemes() config.Schemes {
	return config.Schemes{
		"relp":     config.SchemeOf(func(d *relp.Destination, u *url.URL) error { d.Addr = u.Host; return nil }),
		"failover": config.SchemeOf[group.Failover](nil),
		"quorum":   config.SchemeOf[group.Quorum](nil),
	}
}

// opening returns the errors of opening a file with groups.
func opening(t *testing.T, text string) config.Errors {
	t.Helper()
	c, err := config.Parse("f", []byte(text), &config.Options{Schemes: groupSchemes(), OnNotice: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Open("x")
	if err == nil {
		h.Close(t.Context())
		t.Fatalf("it opens:\n%s", text)
	}
	errs, ok := errors.AsType[config.Errors](err)
	if !ok {
		t.Fatalf("%T", err)
	}
	return errs
}

// place is a key and its line.
type place struct {
	key  string
	line int
}

// What is wrong with a member of a group is at the member's own key, and each
// that is wrong is said.
func TestErrorsOfMembers(t *testing.T) {
	const head = "logging:\n  routes:\n    - output:\n        type: failover\n"
	const out = "logging.routes[0].output"
	for name, c := range map[string]struct {
		text string
		want []place
	}{
		"two of three": {head + `        members:
          - {type: relp, addr: "h:1", window: -1}
          - relp://h:1
          - type: relp
            addr: h:1
            window: -1
`, []place{{out + ".members[0].window", 6}, {out + ".members[2].window", 10}}},
		"a URL": {head + `        members:
          - relp://h:1
          - relp://h:1?window=-1
`, []place{{out + ".members[1].window", 7}}},
		"a key that is not there": {head + `        members:
          - relp://h:1
          - {type: relp}
`, []place{{out + ".members[1].addr", 7}}},
		"one without a list": {head + `        members:
          type: relp
          addr: h:1
          window: -1
`, []place{{out + ".members[0].window", 8}}},
		"groups in groups": {head + `        members:
          - relp://h:1
          - type: quorum
            members:
              - relp://h:1?window=-1
              - {type: relp, addr: "h:1", window: -2}
`, []place{{out + ".members[1].members[0].window", 9}, {out + ".members[1].members[1].window", 10}}},
		"the group's own": {head + `        member_timeout: -1s
        members: [relp://h:1]
`, []place{{out + ".member_timeout", 5}}},
		"merged and aliased": {`x-bad: &bad {window: -1, type: relp}
logging:
  routes:
    - output:
        type: failover
        members:
          - relp://h:1
          - {<<: *bad, addr: "h:1"}
`, []place{{out + ".members[1].window", 1}}},
	} {
		errs := opening(t, c.text)
		var got []place
		for _, e := range errs {
			got = append(got, place{e.Key, e.Line})
			if re, ok := errors.AsType[*handler.RouteError](e); !ok || re.Route == "" || !errors.Is(e, option.ErrConfig) || e.Column == 0 {
				t.Errorf("%s: %#v", name, e)
			}
			if strings.ContainsAny(e.Error(), "\n") {
				t.Errorf("%s: several lines: %v", name, e)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v\n%v", name, got, c.want, errs)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got[i], c.want[i])
			}
		}
	}
}

// An error of a member has the member's name and not the others' errors, and no
// secret of a file.
func TestErrorsOfMembersHideSecrets(t *testing.T) {
	secret := filepath.ToSlash(filepath.Join(t.TempDir(), "secret"))
	if err := os.WriteFile(secret, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	errs := opening(t, `logging:
  routes:
    - output:
        type: failover
        members:
          - {type: relp, addr: "h:1", tls: {ca_file: "/none/${file:`+secret+`}"}}
          - {type: relp, addr: "h:1", window: -1}
`)
	if len(errs) != 2 || errs[0].Key != "logging.routes[0].output.members[0]" {
		t.Fatalf("%v", errs)
	}
	if errs[0].Line != 6 || errs[1].Line != 7 || !strings.Contains(errs[0].Problem, "relp#1") || strings.Contains(errs[0].Problem, "relp#2") {
		t.Errorf("%v", errs)
	}
	hidden(t, "a member's path", errs)
	hidden(t, "its cause", errs[0].Err)
}
