package encode

import "strconv"

// The names of the options that are one of several, as configuration files have
// them and as %v prints them. Package route/config lists what is allowed by
// asking each number for its name; a number without one is "Type(n)".

// String returns the format's name.
func (f LevelFormat) String() string {
	return optionName("LevelFormat", uint8(f), "names", "offsets", "numbers")
}

// String returns the format's name.
func (f BytesFormat) String() string {
	return optionName("BytesFormat", uint8(f), "base64", "hex", "text")
}

// String returns the format's name.
func (f ErrorFormat) String() string {
	return optionName("ErrorFormat", uint8(f), "object", "message")
}

// String returns the format's name.
func (f TimeFormat) String() string {
	return optionName("TimeFormat", uint8(f), "default", "rfc3339_nano", "rfc3339_milli",
		"unix_seconds", "unix_milli", "unix_micro", "unix_nano", "clock")
}

// String returns the format's name.
func (f DurationFormat) String() string {
	return optionName("DurationFormat", uint8(f), "default", "nanos", "text", "seconds", "millis")
}

// String returns the name of what the text is.
func (m SyslogMessage) String() string { return optionName("SyslogMessage", uint8(m), "text", "cee") }

// String returns the name of what is known.
func (c SyslogClock) String() string {
	return optionName("SyslogClock", uint8(c), "unstated", "synchronized", "unsynchronized", "omitted")
}

func optionName(typ string, n uint8, names ...string) string {
	if int(n) < len(names) {
		return names[n]
	}
	return typ + "(" + strconv.Itoa(int(n)) + ")"
}
