package encode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Facility says, in syslog, what kind of program a message is from (RFC 5424
// §6.2.1). Its value is syslog's own number; the zero Facility is the default,
// [FacilityUser]. Number 0 itself, kern, is the kernel's alone, and syslog(3)
// replaces it by the default as well.
type Facility uint8

// The facilities that programs may use.
const (
	FacilityUser     Facility = 1
	FacilityMail     Facility = 2
	FacilityDaemon   Facility = 3
	FacilityAuth     Facility = 4
	FacilitySyslog   Facility = 5
	FacilityLPR      Facility = 6
	FacilityNews     Facility = 7
	FacilityUUCP     Facility = 8
	FacilityCron     Facility = 9
	FacilityAuthPriv Facility = 10
	FacilityFTP      Facility = 11
	FacilityNTP      Facility = 12
	FacilityAudit    Facility = 13
	FacilityAlert    Facility = 14
	FacilityClock    Facility = 15
	FacilityLocal0   Facility = 16
	FacilityLocal1   Facility = 17
	FacilityLocal2   Facility = 18
	FacilityLocal3   Facility = 19
	FacilityLocal4   Facility = 20
	FacilityLocal5   Facility = 21
	FacilityLocal6   Facility = 22
	FacilityLocal7   Facility = 23
)

// facilityNames are what syslog programs call them, by number. Never written to.
var facilityNames = [...]string{
	"user", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// ErrFacility is wrapped by errors about what is no facility.
var ErrFacility = errors.New(`want a name such as "user", "daemon" or "local0", or a number from 1 to 23`)

// ParseFacility returns the facility with that name, in upper or lower case and
// with or without "LOG_" before it, or with that number.
func ParseFacility(s string) (Facility, error) {
	name := strings.TrimPrefix(strings.ToLower(s), "log_")
	for i, known := range facilityNames {
		if i > 0 && name == known {
			return Facility(i), nil
		}
	}
	n, err := strconv.ParseUint(name, 10, 8)
	if err != nil || n < 1 || n >= uint64(len(facilityNames)) {
		return 0, fmt.Errorf("encode: facility %q: %w", s, ErrFacility)
	}
	return Facility(n), nil
}

// String returns the name, "user" for the zero Facility.
func (f Facility) String() string {
	if int(f) >= len(facilityNames) {
		return fmt.Sprintf("Facility(%d)", uint8(f))
	}
	return facilityNames[f]
}

// MarshalText returns the name.
func (f Facility) MarshalText() ([]byte, error) { return []byte(f.String()), f.validate() }

// UnmarshalText is [ParseFacility].
func (f *Facility) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFacility(string(text))
	return err
}

func (f Facility) validate() error {
	if int(f) >= len(facilityNames) {
		return fmt.Errorf("encode: facility %d: %w", uint8(f), ErrFacility)
	}
	return nil
}

// number is what is written: the default for what is no facility.
func (f Facility) number() int64 {
	if f == 0 || f.validate() != nil {
		f = FacilityUser
	}
	return int64(f)
}
