package crypto

import "strconv"

// The names of what a policy says, as configuration files have them and as %v
// prints them.

// String returns the action's name.
func (a Action) String() string {
	return optionName("Action", uint8(a), "seal", "mask", "hash", "drop", "keep")
}

// String returns the mask's name: what it keeps.
func (m Mask) String() string {
	return optionName("Mask", uint8(m), "nothing", "last4", "first4", "domain", "network")
}

// String returns the form's name. The zero Form has none.
func (f Form) String() string { return optionName("Form", uint8(f), formNames[:]...) }

func optionName(typ string, n uint8, names ...string) string {
	if int(n) < len(names) && names[n] != "" {
		return names[n]
	}
	return typ + "(" + strconv.Itoa(int(n)) + ")"
}
