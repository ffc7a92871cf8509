package otlp

import "strconv"

// fewNames is up to how many names a search through all of them beats a map that
// has to be emptied for each record.
const fewNames = 24

// names are those in use in one list of attributes. The zero names are none. They
// are held by value: those of a group live on the stack, and a record without
// hundreds of attributes allocates none.
type names struct {
	few  [fewNames]string
	size int
	many map[string]bool // the ones beyond few
}

func (n *names) reset() {
	n.size = 0
	clear(n.many)
}

func (n *names) has(name string) bool {
	for i := range n.size {
		if n.few[i] == name {
			return true
		}
	}
	return n.many[name]
}

func (n *names) take(name string) {
	if n.size < fewNames {
		n.few[n.size] = name
		n.size++
		return
	}
	if n.many == nil {
		n.many = make(map[string]bool)
	}
	n.many[name] = true
}

// free takes name, or the next of name_2, name_3… that is free, and returns it.
// An empty name, which OTLP has not, is "_".
func (n *names) free(name string) string {
	if name == "" {
		name = "_"
	}
	found := name
	for i := 2; n.has(found); i++ {
		found = name + "_" + strconv.Itoa(i)
	}
	n.take(found)
	return found
}
